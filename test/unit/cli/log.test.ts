/** Promises of `sluice log inspect`: shows every frame, names damage with file and byte, changes nothing. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tableUuid } from '../../../src/core/ids.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { NodeDisk } from '../../../src/lane/node-disk.ts';
import { openLog } from '../../../src/lane/open-log.ts';
import { cli } from '../../support/cli-harness.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-log-test-'));
  const log = await openLog({ disk: new NodeDisk(), directory, runtime: systemRuntime });
  const table = tableUuid('0193f7a0-0000-7000-8000-00000000000a');
  for (const count of [2, 3])
    await log.append([{ table, schemaId: 0, count, payload: Buffer.from('{}\n'.repeat(count)) }]);
  await log.close();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const inspect = (...args: string[]) =>
  cli(['log', 'inspect', ...args], {
    env: { SLUICE_CONFIG: 's.yaml' },
    files: { 's.yaml': `log: {dir: "${directory}"}` },
  });

interface Part {
  readonly kind: string;
  readonly file: string;
  readonly start: number;
  readonly entries?: readonly { readonly count: number; readonly baseOffset: string }[];
}

test('every frame with its records and offsets', async () => {
  const { code, stdout } = await inspect('-o', 'json');
  expect(code).toBe(0);
  const parts = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Part);
  expect(parts.flatMap(({ entries }) => entries ?? [])).toMatchObject([
    { count: 2, baseOffset: '0' },
    { count: 3, baseOffset: '2' },
  ]);
  expect((await inspect()).stdout).toContain('3 records from offset 2');
  expect((await inspect('--damaged', '-o', 'json')).stdout).toBe('');
});

test('damage in bytes that had been synced is named, exit 1, and the file stays as it is', async () => {
  const first = (await inspect('-o', 'json')).stdout
    .split('\n')
    .flatMap((line) => (line.includes('"frame"') ? [JSON.parse(line) as Part] : []))[0];
  if (first === undefined) throw new Error('the log has no frame');
  const path = join(directory, first.file);
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(first.start + 40) ^ 0xff, first.start + 40);
  await writeFile(path, bytes);
  const { code, stdout, stderr } = await inspect('--damaged');
  expect(code).toBe(1);
  expect(stdout).toContain('corrupt');
  expect(stderr).toContain(`is corrupt from byte ${first.start}`);
  expect(await readFile(path)).toEqual(bytes);
});

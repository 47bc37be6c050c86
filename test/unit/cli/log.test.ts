/** Promises of `sluice log inspect`: shows every frame or what they add up to, names damage with file and byte, changes nothing. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { offset, tableUuid } from '../../../src/core/ids.ts';
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

describe('--summary', () => {
  const TABLE = tableUuid('0193f7a0-0000-7000-8000-00000000000a');
  const summary = async (next: bigint | undefined) => {
    const { code, stdout } = await cli(['log', 'inspect', '--summary', '-o', 'json'], {
      env: { SLUICE_CONFIG: 's.yaml' },
      files: { 's.yaml': `log: {dir: "${directory}"}` },
      ...(next === undefined
        ? {}
        : { standings: new Map([[TABLE, { name: 'web.clicks', nextOf: () => offset(next) }]]) }),
    });
    expect(code).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  test('segments, lanes, and what of each table waits by its own word', async () => {
    expect(await summary(3n)).toMatchObject({
      segments: [{ frames: 2 }],
      lanes: [{ first: '0', end: '5', records: 5 }],
      tables: [
        { table: 'web.clicks', records: '5', bytes: '15', pending_records: '2', pending_bytes: '6', parked: false },
      ],
      parked: [],
      damaged: [],
    });
  });

  test('a table that has everything has nothing waiting, and no age', async () => {
    const { tables } = await summary(5n);
    expect(tables).toMatchObject([{ pending_records: '0', pending_bytes: '0' }]);
    expect(JSON.stringify(tables)).not.toContain('oldest_at');
  });

  test('without the tables it shows what is held, and does not guess what waits', async () => {
    const { tables } = await summary(undefined);
    expect(tables).toMatchObject([{ table_uuid: TABLE, records: '5', oldest_at: expect.any(String) as string }]);
    expect(JSON.stringify(tables)).not.toContain('pending');
  });

  test('parked records count once, and stand as parked', async () => {
    const log = await openLog({ disk: new NodeDisk(), directory, runtime: systemRuntime });
    await log.park(TABLE);
    await log.close();
    expect(await summary(0n)).toMatchObject({
      tables: [{ records: '5', pending_records: '5', parked: true }],
      parked: [{ table_uuid: TABLE, first: '0', end: '5' }],
    });
  });

  test('as tables for people', async () => {
    const { stdout } = await inspect('--summary');
    expect(stdout).toMatch(
      /^TABLE +PENDING +BYTES +OLDEST +HELD +BYTES +PARKED\n0193f7a0\S+ +\? +\? +\d+s +5 +15 B +no\n/,
    );
    expect(stdout).toMatch(/LANE +FIRST +END +RECORDS/);
    expect(stdout).toContain('segment-');
  });
});

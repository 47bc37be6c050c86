/** Records are tried in a process of their own: whatever they do to it, the one that asked lives, and a start that fails accuses nobody. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FileLayout } from '../../src/contracts/column-engine.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { Trials } from '../../src/service/trials.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const ENGINE = new URL('../support/poison/poisoned-engine.ts', import.meta.url).href;
const never = new AbortController().signal;
const LAYOUT: FileLayout = {
  schema: {
    schemaId: 0,
    fields: [
      { id: 1, name: 'id', required: true, type: { kind: 'long' } },
      {
        id: 2,
        name: 'notes',
        required: false,
        type: { kind: 'list', elementId: 3, elementRequired: false, element: { kind: 'string' } },
      },
    ],
  },
  spec: { specId: 0, fields: [] },
  sortOrder: { orderId: 0, fields: [] },
  targetFileBytes: 1 << 20,
  compression: 'zstd',
  metricsColumns: 100,
};

let folder: TemporaryFolder;
let trials: Trials;
const open = (options: string): void => {
  vi.stubEnv('NODE_OPTIONS', options);
  trials = new Trials(
    { encoder: 'duckdb', spoolDir: folder.path, memory: { duckdbBytes: 192 << 20 } },
    systemRuntime.clock,
  );
};
const write = (note: string, signal = never) =>
  trials.write(LAYOUT, Buffer.from(`{"id":1,"notes":["${note}"]}\n`), 1, signal);

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  trials.close();
  vi.unstubAllEnvs();
  await folder.remove();
});

test('what it survives is written, and nothing of it stays', async () => {
  open('');
  expect([await write('one'), await write('two')]).toEqual([{ kind: 'written' }, { kind: 'written' }]);
  expect(await readdir(join(folder.path, 'trial', 'duckdb'))).toEqual([]);
});

test('what kills it failed, and the next is tried in another', async () => {
  vi.stubEnv('POISON_KILLS', 'yes');
  open(`--import=${ENGINE}`);
  expect(await write('one')).toEqual({ kind: 'written' });
  expect(await write('POISON')).toEqual({
    kind: 'failed',
    killed: true,
    cause: 'the process that wrote it ended with SIGKILL',
  });
  expect(await write('two')).toEqual({ kind: 'written' });
});

test('what it refuses failed, and it lives', async () => {
  vi.stubEnv('POISON_KILLS', 'no');
  open(`--import=${ENGINE}`);
  expect(await write('POISON')).toMatchObject({ kind: 'failed', killed: false });
  expect(await write('one')).toEqual({ kind: 'written' });
});

test('a process that does not start says nothing of the record', async () => {
  open('--import=file:///there/is/no/such/file.ts');
  await expect(write('one')).rejects.toMatchObject({ kind: 'unavailable' });
});

test('one that is given up is told so, and ends', async () => {
  open('');
  const giving = new AbortController();
  const trial = write('one', giving.signal);
  giving.abort();
  await expect(trial).rejects.toMatchObject({ kind: 'closed' });
  trials.close();
  await expect(write('one')).rejects.toMatchObject({ kind: 'closed' });
});

/** Writes to local files leave threads of the pool to others: however many are asked for, few are under way. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { TEMPORARY_SEGMENT } from '../../../src/store/keys.ts';
import { LocalStore } from '../../../src/store/local-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('two hundred writes at once keep at most sixteen temporary files, and all succeed', async () => {
  const folder = await temporaryFolder();
  const store = new LocalStore(folder.path, systemRuntime);
  const over = new AbortController();
  const most = (async () => {
    let seen = 0;
    while (!over.signal.aborted) {
      const names = await readdir(join(folder.path, TEMPORARY_SEGMENT)).catch(() => []);
      seen = Math.max(seen, names.length);
    }
    return seen;
  })();
  const body = new Uint8Array(100_000);
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, index) => store.put(`t${index}/file`, body, { kind: 'if-absent' })),
  );
  over.abort();
  expect(results.every(({ kind }) => kind === 'written')).toBe(true);
  expect(await most).toBeGreaterThan(0);
  expect(await most).toBeLessThanOrEqual(16);
  await folder.remove();
});

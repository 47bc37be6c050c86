/** Rewriting on a machine that ingestion keeps busy, and on one that it does not. */
import { expect, test } from 'vitest';
import type { FileRewriter, RewriteRequest } from '../../../src/contracts/file-rewriter.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { PacedRewriter } from '../../../src/maintenance/paced-rewriter.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';

const NEVER = new AbortController().signal;
const MiB = 2n ** 20n;
// Nothing else is looked at: the rewriter is one that only takes time.
const requestOf = (fileSizeInBytes: bigint): RewriteRequest =>
  ({ inputs: [{ fileSizeInBytes }, { fileSizeInBytes }] }) as unknown as RewriteRequest;
const REQUEST = requestOf(4n * MiB);
const LITTLE = requestOf(4n * MiB - 1n);
const CORES = 2;
const REWRITE_MS = 1_000;

/** Rewrites of a second each; whatever else the daemon does uses so many cores, and of the event loop such a share, all the time. */
function world(coresUsed: () => number, loopUsed = 0) {
  const runtime = testRuntime();
  const { clock } = runtime;
  let [cpu, loop] = [0, 0];
  const pass = (ms: number): void => {
    runtime.advance(ms);
    cpu += (coresUsed() * ms) / 1000;
    loop += (loopUsed * ms) / 1000;
  };
  const begun: number[] = [];
  const rewriter: FileRewriter = {
    rewrite: () => {
      begun.push(clock.monotonic());
      pass(REWRITE_MS);
      return Promise.resolve({ files: [], rowsIn: 0n, rowsDeleted: 0n });
    },
    close: () => Promise.resolve(),
  };
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted === true) return Promise.reject(new SluiceError('closed', 'wait was cancelled'));
    pass(ms);
    return Promise.resolve();
  };
  const paced = new PacedRewriter({
    rewriter,
    clock: { ...clock, sleep },
    effort: () => ({ cpu, loop }),
    cores: CORES,
  });
  return { paced, begun, pass };
}

test('while ingestion keeps the machine busy, rewriting takes a sixteenth of the time', async () => {
  const { paced, begun } = world(() => 1.4);
  for (let round = 0; round < 3; round += 1) await paced.rewrite(REQUEST, '/', NEVER);
  expect(begun).toEqual([0, 16 * REWRITE_MS, 32 * REWRITE_MS]);
});

test('nor does it take more where others leave ingestion too little of the machine', async () => {
  const { paced, begun } = world(() => 0.2, 0.8);
  for (let round = 0; round < 2; round += 1) await paced.rewrite(REQUEST, '/', NEVER);
  expect(begun).toEqual([0, 16 * REWRITE_MS]);
});

test('a rewrite waits no longer once ingestion leaves room', async () => {
  let used = 2;
  const { paced, begun, pass } = world(() => used);
  await paced.rewrite(REQUEST, '/', NEVER);
  pass(1_000);
  used = 0;
  await paced.rewrite(REQUEST, '/', NEVER);
  // Of two seconds since the rewrite before, one at full use.
  expect(begun).toEqual([0, REWRITE_MS + 2_000]);
});

test('on a machine with room, rewrites follow each other', async () => {
  const { paced, begun, pass } = world(() => 0.9, 0.4);
  for (let round = 0; round < 3; round += 1) {
    await paced.rewrite(REQUEST, '/', NEVER);
    pass(100); // uploads and the commit
  }
  expect(begun).toEqual([0, 1_100, 2_200]);
});

test('merges of little files wait for nobody, and nobody waits for them', async () => {
  const { paced, begun } = world(() => 2);
  await paced.rewrite(LITTLE, '/', NEVER);
  await paced.rewrite(REQUEST, '/', NEVER);
  await paced.rewrite(LITTLE, '/', NEVER);
  expect(begun).toEqual([0, REWRITE_MS, 2 * REWRITE_MS]);
  await paced.rewrite(REQUEST, '/', NEVER);
  expect(begun[3]).toBe(17 * REWRITE_MS);
});

test('a rest ends with the signal, and nothing is rewritten', async () => {
  const { paced, begun } = world(() => 2);
  await paced.rewrite(REQUEST, '/', NEVER);
  await expect(paced.rewrite(REQUEST, '/', AbortSignal.abort())).rejects.toMatchObject({ kind: 'closed' });
  expect(begun).toHaveLength(1);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ETag, PutCondition } from '../../../src/contracts/object-store.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { RetryingStore } from '../../../src/store/retrying-store.ts';
import { type StoreFault, faulty } from '../../support/faulty-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { keysUnder, text, textAt } from '../../contract/object-store/subject.ts';
import { virtualRuntime } from './virtual-runtime.ts';

const POLICY = { initialMs: 100, maxMs: 1_000, budgetMs: 5_000 };
const IF_ABSENT: PutCondition = { kind: 'if-absent' };

/** Meets the faults in order with calls of that operation, then none. */
function harness(operation: string, ...faults: StoreFault[]) {
  const runtime = virtualRuntime();
  const memory = new MemoryStore(runtime.clock);
  const retried: string[] = [];
  const unreliable = faulty(
    memory,
    (call) => (call.operation === operation ? faults[call.number - 1] : undefined),
    runtime.clock,
  );
  const store = new RetryingStore(unreliable, runtime, POLICY, (name, kind) => retried.push(`${name} ${kind}`));
  return { runtime, memory, unreliable, store, retried };
}

describe('retries', () => {
  it('wait longer each time, with jitter, and tell the observer', async () => {
    const { store, runtime, retried } = harness(
      'head',
      ...Array.from({ length: 5 }, () => ({ kind: 'refused' }) as const),
    );
    expect(await store.head('k')).toBeUndefined();
    expect(runtime.sleeps).toEqual([75, 150, 300, 600, 750]);
    expect(retried).toEqual(Array.from({ length: 5 }, () => 'head unavailable'));
  });

  it('end with the last error when the budget is spent', async () => {
    const { store, runtime } = harness('get', ...Array.from({ length: 99 }, () => ({ kind: 'lost-before' }) as const));
    const start = runtime.clock.monotonic();
    await expect(store.get('k')).rejects.toMatchObject({ kind: 'unavailable', message: 'planned fault: lost-before' });
    expect(runtime.clock.monotonic() - start).toBeLessThanOrEqual(POLICY.budgetMs);
    expect(runtime.sleeps.length).toBeGreaterThan(5);
  });

  it('repeat nothing but what was unavailable', async () => {
    const { memory, runtime } = harness('none');
    let calls = 0;
    memory.head = () => {
      calls++;
      return Promise.reject(new SluiceError('misconfigured', 'no such bucket'));
    };
    await expect(new RetryingStore(memory, runtime, POLICY).head('k')).rejects.toMatchObject({ kind: 'misconfigured' });
    expect(calls).toBe(1);
  });

  it('tell a store that asks for fewer requests from one that does not answer', async () => {
    const memory = new MemoryStore(virtualRuntime().clock);
    const answers = [503, 429, 500].map((status) => new SluiceError('unavailable', 'refused', { context: { status } }));
    memory.head = () => {
      const error = answers.shift();
      return error === undefined ? Promise.resolve(undefined) : Promise.reject(error);
    };
    const reasons: string[] = [];
    await new RetryingStore(memory, virtualRuntime(), POLICY, (_operation, reason) => reasons.push(reason)).head('k');
    expect(reasons).toEqual(['slow-down', 'slow-down', 'unavailable']);
  });

  it('go on with a listing behind the object it broke at', async () => {
    const { store, memory } = harness('list', { kind: 'lost-after' }, { kind: 'lost-before' }, { kind: 'lost-after' });
    for (const key of ['a/1', 'a/2', 'a/3']) await memory.put(key, text(key), { kind: 'always' });
    expect(await keysUnder(store, 'a/')).toEqual(['a/1', 'a/2', 'a/3']);
  });
});

describe('a put if-absent whose answer was lost', () => {
  it('is ours when it took effect', async () => {
    const { store, memory } = harness('put', { kind: 'lost-after' });
    const result = await store.put('k', text('ours'), IF_ABSENT);
    expect(result).toEqual({ kind: 'written', etag: (await memory.head('k'))?.etag });
  });

  it('is written by the repetition when it took none', async () => {
    const { store, memory } = harness('put', { kind: 'lost-before' }, { kind: 'lost-before' });
    expect(await store.put('k', text('ours'), IF_ABSENT)).toMatchObject({ kind: 'written' });
    expect(await textAt(memory, 'k')).toBe('ours');
  });

  it('has lost when a rival came first', async () => {
    const { store, memory } = harness('put', { kind: 'lost-before' });
    await memory.put('k', text('rival'), IF_ABSENT);
    expect(await store.put('k', text('ours'), IF_ABSENT)).toEqual({ kind: 'lost-race' });
  });

  it('cannot land late over the repetition, nor over a rival', async () => {
    const { store, memory, unreliable } = harness('put', { kind: 'late' });
    expect(await store.put('k', text('ours'), IF_ABSENT)).toMatchObject({ kind: 'written' });
    const before = await memory.head('k');
    expect(await unreliable.land()).toEqual([{ kind: 'lost-race' }]);
    expect(await memory.head('k')).toEqual(before);
  });

  it('stays unknown when the object is gone again', async () => {
    const { store, memory } = harness('put', { kind: 'lost-after' });
    memory.get = () => Promise.resolve(undefined);
    await expect(store.put('k', text('ours'), IF_ABSENT)).rejects.toMatchObject({
      kind: 'unavailable',
      context: { effect: 'unknown' },
    });
  });
});

describe('a put if-match whose answer was lost', () => {
  const start = async (...faults: StoreFault[]) => {
    const made = harness('put', ...faults);
    const base = await made.memory.put('k', text('base'), IF_ABSENT);
    if (base.kind !== 'written') throw new Error('base was not written');
    return { ...made, condition: { kind: 'if-match', etag: base.etag } as const };
  };

  it('is ours when it took effect', async () => {
    const { store, memory, condition } = await start({ kind: 'lost-after' });
    const result = await store.put('k', text('ours'), condition);
    expect(result).toEqual({ kind: 'written', etag: (await memory.head('k'))?.etag });
  });

  it('has lost when the store had said that it did nothing', async () => {
    const { store, memory, condition } = await start({ kind: 'refused' });
    await memory.put('k', text('rival'), condition);
    expect(await store.put('k', text('ours'), condition)).toEqual({ kind: 'lost-race' });
  });

  it('stays unknown when a rival has built on what is there: it may have built on ours', async () => {
    const { store, memory, condition } = await start({ kind: 'lost-before' });
    await memory.put('k', text('rival'), condition);
    await expect(store.put('k', text('ours'), condition)).rejects.toMatchObject({
      kind: 'unavailable',
      context: { effect: 'unknown' },
    });
  });

  it('has lost at once when nothing was lost', async () => {
    const { store } = await start();
    expect(await store.put('k', text('ours'), { kind: 'if-match', etag: 'other' as ETag })).toEqual({
      kind: 'lost-race',
    });
  });
});

describe('an upload whose answer was lost', () => {
  it('is compared with the file, also beyond what is held at once', async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'file');
    const bytes = Buffer.alloc(9_000_000, 'abcdefg');
    await writeFile(path, bytes);
    const ours = harness('upload', { kind: 'lost-after' });
    expect(await ours.store.upload('k', path, IF_ABSENT)).toMatchObject({ kind: 'written' });
    const rival = harness('upload', { kind: 'lost-before' });
    const differing = Buffer.from(bytes);
    differing[8_999_999] = 0;
    await rival.memory.put('k', differing, IF_ABSENT);
    expect(await rival.store.upload('k', path, IF_ABSENT)).toEqual({ kind: 'lost-race' });
    const shorter = harness('upload', { kind: 'lost-before' });
    await shorter.memory.put('k', bytes.subarray(1), IF_ABSENT);
    expect(await shorter.store.upload('k', path, IF_ABSENT)).toEqual({ kind: 'lost-race' });
    await folder.remove();
  });
});

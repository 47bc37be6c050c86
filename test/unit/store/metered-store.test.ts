import { expect, it } from 'vitest';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { MeteredStore } from '../../../src/store/metered-store.ts';
import { faulty } from '../../support/faulty-store.ts';
import { text } from '../../contract/object-store/subject.ts';
import { virtualRuntime } from './virtual-runtime.ts';

it('tells operation, result and seconds of every call', async () => {
  const { clock } = virtualRuntime();
  const seen: string[] = [];
  const slow = faulty(
    new MemoryStore(clock),
    ({ operation, number }) =>
      operation === 'get' && number === 2 ? { kind: 'lost-before' } : { kind: 'slow', ms: 250 },
    clock,
  );
  const observer = {
    finished: (...facts: [string, string, number]) => seen.push(facts.join(' ')),
    retried: () => undefined,
  };
  const store = new MeteredStore(slow, observer, clock);
  await store.put('k', text('x'), { kind: 'if-absent' });
  await store.put('k', text('x'), { kind: 'if-absent' });
  await store.get('k');
  await expect(store.get('k')).rejects.toMatchObject({ kind: 'unavailable' });
  await store.head('absent');
  // The consumer's own time is no time of the store.
  for await (const _ of store.list('')) await clock.sleep(10_000);
  await store.delete(['k']);
  await expect(store.head('')).rejects.toMatchObject({ kind: 'invalid-input' });
  expect(seen).toEqual([
    'put ok 0.25',
    'put lost-race 0.25',
    'get ok 0.25',
    'get unavailable 0',
    'head absent 0.25',
    'list ok 0.25',
    'delete ok 0.25',
    'head invalid-input 0.25',
  ]);
});

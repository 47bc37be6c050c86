/** Lost answers for stores without a wire: every nth conditional write or delete fails after its effect, and is repeated. */
import type { ObjectStore } from '../../src/contracts/object-store.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { RetryingStore } from '../../src/store/retrying-store.ts';
import { faulty } from './faulty-store.ts';

export function losingAnswers(store: ObjectStore, nth: number): ObjectStore {
  let count = 0;
  const plan = faulty(store, ({ operation, condition }) => {
    const counted = operation === 'delete' || (condition !== undefined && condition !== 'always');
    return counted && ++count % nth === 0 ? { kind: 'lost-after' } : undefined;
  });
  return new RetryingStore(plan, systemRuntime, { initialMs: 1, maxMs: 5, budgetMs: 10_000 });
}

/** The object-store promises on stores in this process; `object-store-s3.test.ts` has S3. */
import { systemClock, systemRuntime } from '../../src/core/runtime.ts';
import { LocalStore } from '../../src/store/local-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { RetryingStore } from '../../src/store/retrying-store.ts';
import { faulty } from '../support/faulty-store.ts';
import { losingAnswers } from '../support/losing-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeObjectStore } from './object-store.ts';

const PART_BYTES = 100_000;

describeObjectStore('memory', async () => {
  const store = new MemoryStore(systemClock);
  return {
    store,
    partSizeBytes: PART_BYTES,
    losingAnswers: (nth) => losingAnswers(store, nth),
    close: async () => {},
  };
});

describeObjectStore('local files', async () => {
  const folder = await temporaryFolder();
  const store = new LocalStore(`${folder.path}/warehouse`, systemRuntime);
  return {
    store,
    partSizeBytes: PART_BYTES,
    losingAnswers: (nth) => losingAnswers(store, nth),
    close: () => folder.remove(),
  };
});

describeObjectStore('memory that fails now and then, with retries', async () => {
  const store = new MemoryStore(systemClock);
  let calls = 0;
  // A lost ETag swap may rightly stay unsettled, so these are refused only.
  const unreliable = faulty(store, ({ condition }) => {
    if (++calls % 3 !== 0) return undefined;
    return { kind: condition === 'if-match' ? 'refused' : 'lost-before' };
  });
  return {
    store: new RetryingStore(unreliable, systemRuntime, { initialMs: 0, maxMs: 0, budgetMs: 10_000 }),
    partSizeBytes: PART_BYTES,
    losingAnswers: (nth) => losingAnswers(store, nth),
    close: async () => {},
  };
});

/** The object-store promises on everything that needs no server of another make. */
import { LocalStore } from '../../src/store/local-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { systemClock, systemRuntime } from '../../src/core/runtime.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeObjectStore } from './object-store.ts';

const PART_BYTES = 100_000;

describeObjectStore('memory', async () => ({
  store: new MemoryStore(systemClock),
  partSizeBytes: PART_BYTES,
  close: async () => {},
}));

describeObjectStore('local files', async () => {
  const folder = await temporaryFolder();
  return {
    store: new LocalStore(`${folder.path}/warehouse`, systemRuntime),
    partSizeBytes: PART_BYTES,
    close: () => folder.remove(),
  };
});

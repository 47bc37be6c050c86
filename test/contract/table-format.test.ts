/** Iceberg over pointers in memory and in SQLite. The store lets nothing be overwritten or deleted, whatever a test does. */
import { SqlCatalog } from '../../src/catalog/sql-catalog.ts';
import type { MetadataPointers } from '../../src/contracts/metadata-pointers.ts';
import type { ObjectStore } from '../../src/contracts/object-store.ts';
import { SluiceError } from '../../src/core/errors.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { openIceberg } from '../../src/iceberg/open-iceberg.ts';
import { LocalStore } from '../../src/store/local-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { AppendOnlyStore } from '../support/iceberg/append-only-store.ts';
import { oneStore } from '../support/iceberg/locations.ts';
import { LosingPointers } from '../support/iceberg/losing-pointers.ts';
import { MemoryPointers } from '../support/iceberg/memory-pointers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeTableFormat, type FormatSubject } from './table-format.ts';

const ROOT = 's3://lake/warehouse';

describeTableFormat('Iceberg, pointers and objects in memory', async () => {
  const pointers = new MemoryPointers();
  return subject(pointers, pointers, new MemoryStore(systemRuntime.clock), async () => {});
});

describeTableFormat('Iceberg, SQLite and local files', async () => {
  const folder = await temporaryFolder();
  const open = () => SqlCatalog.open(`${folder.path}/catalog.db`, 'sluice');
  return subject(open(), open(), new LocalStore(`${folder.path}/warehouse`, systemRuntime), () => folder.remove());
});

function subject(
  ours: MetadataPointers,
  theirs: MetadataPointers,
  objects: ObjectStore,
  remove: () => Promise<void>,
): FormatSubject {
  const losing = new LosingPointers(ours);
  const store = new AppendOnlyStore(objects, () => new SluiceError('unavailable', 'the answer was lost'));
  return {
    ours: openIceberg(losing, oneStore(ROOT, store), ROOT, systemRuntime),
    theirs: openIceberg(theirs, oneStore(ROOT, objects), ROOT, systemRuntime),
    root: ROOT,
    loseSwap: (how) => losing.lose(how),
    landLate: async () => (await losing.landLate()).map((outcome) => outcome.kind),
    losePut: (lands) => store.failNextPut(lands),
    async close() {
      await Promise.all([ours.close(), ...(ours === theirs ? [] : [theirs.close()])]);
      await remove();
    },
  };
}

/** What a table's own properties say of its maintenance, before the daemon's settings. Owns the property names. */
import type { MaintenanceSettings } from '../config/settings.ts';
import type { TableView } from '../contracts/table-format.ts';
import { SluiceError } from '../core/errors.ts';
import type { CompactionPolicy } from '../maintenance/compactor.ts';

const ENABLED = 'sluice.maintenance.enabled';
const GC_ENABLED = 'gc.enabled';
/** Where a table may keep files outside its location. */
const PLACES = ['write.data.path', 'write.metadata.path', 'write.object-storage.path', 'write.folder-storage.path'];
const MIN_FILES = 'sluice.compaction.min-files';
const HOT_FILES = 'sluice.compaction.hot-files';
const COLD_AFTER_MS = 'sluice.compaction.cold-after-ms';

type Owned = Pick<TableView, 'properties'>;

/** Whether the daemon looks after the table without being asked to. */
export const isMaintained = ({ properties }: Owned): boolean => properties.get(ENABLED) !== 'false';

/** Whether files that the table does not reach are nobody's: a table made over the files of another says that they are not. */
export const ownsItsFiles = ({ properties }: Owned): boolean => properties.get(GC_ENABLED) !== 'false';

/** URIs of every place under which files of the table may lie. */
export const placesOf = ({ location, properties }: Pick<TableView, 'location' | 'properties'>): readonly string[] => [
  location,
  ...PLACES.flatMap((key) => properties.get(key) ?? []),
];

/** Throws kind `unsupported` for a value that is none. */
export const compactionPolicy = (
  table: Owned,
  targetBytes: number,
  settings: MaintenanceSettings['compaction'],
): CompactionPolicy => ({
  targetBytes,
  minFiles: atLeast(2, table, MIN_FILES) ?? settings.minFiles,
  hotFiles: atLeast(2, table, HOT_FILES) ?? settings.hotFiles,
  coldAfterMs: atLeast(0, table, COLD_AFTER_MS) ?? settings.coldAfterMs,
  maxGroupBytes: Math.max(settings.maxGroupBytes, targetBytes),
});

function atLeast(least: number, { properties }: Owned, key: string): number | undefined {
  const text = properties.get(key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new SluiceError('unsupported', `table property ${key} is ${JSON.stringify(text)}`, {
    remedy: `set it to a whole number of at least ${least}`,
  });
}

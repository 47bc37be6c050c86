/**
 * Which objects under a table's location nothing reaches (protocol §8, checklist 15.4). Owns the comparison and everything that makes it
 * safe: fresh metadata, one identity for all spellings of a location, the age gate. Deletes nothing: that is `orphan-removal.ts`.
 */
import { SluiceError, isSluiceError } from '../core/errors.ts';
import type { Locations } from '../contracts/locations.ts';
import type { ObjectInfo } from '../contracts/object-store.ts';

/** Three times the oldest file that any attempt of a commit may carry (`commit/file-age.ts`): this covers other processes' attempts. */
export const LEAST_ORPHAN_AGE_MS = 72 * 3_600_000;

/** So many states are begun before the search gives way to whoever expires snapshots without a pause. */
const MOST_STATES = 10;

/** One state of the table. */
export interface MetadataRoot {
  readonly location: string;
  readonly metadataLocation: string;
  /** URIs of all that it reaches; may repeat. Throws kind `corrupt` when a file that leads to others is not there. */
  readonly reachable: () => AsyncIterable<string>;
}

export interface OrphanSearch {
  readonly locations: Locations;
  /** Fresh from the catalog at every call. */
  readonly load: () => Promise<MetadataRoot>;
  /** Places of all other tables: what lies under them is theirs. */
  readonly neighbours: readonly string[];
  /** Objects changed later than this are left alone. Milliseconds since 1970, by the store's clock. */
  readonly changedBefore: number;
}

export interface FoundOrphans {
  readonly orphans: readonly ObjectInfo[];
  readonly bytes: bigint;
  /** Objects under the location. */
  readonly listed: number;
  /** Unreached, but too young to be told from a file that is about to be committed. */
  readonly tooYoung: number;
}

/**
 * Throws kind `misconfigured` when the metadata names a place that cannot be compared with the listing, or the table lies in the place of
 * another: then nothing is an orphan. Kind `unavailable` when the table changes too often to be read.
 */
export async function findOrphans(search: OrphanSearch, signal: AbortSignal): Promise<FoundOrphans> {
  const { locations, changedBefore } = search;
  const before = await search.load();
  const { store, key: prefix } = locations.resolve(before.location);
  assertOwnPlace(locations, before, search.neighbours);
  const others = search.neighbours.map((location) => `${locations.resolve(location).key}/`);
  const listed: ObjectInfo[] = [];
  for await (const object of store.list(`${prefix}/`, signal))
    if (!others.some((other) => object.key.startsWith(other))) listed.push(object);
  assertSamePlace(locations, before, listed);

  const reached = await reachedSince(before, search, signal);
  const unreached = listed.filter(({ key }) => !reached.has(key) && !isSomebodyElses(key.slice(prefix.length + 1)));
  const orphans = unreached.filter(({ modifiedAt }) => modifiedAt < changedBefore);
  return {
    orphans,
    bytes: orphans.reduce((sum, { size }) => sum + size, 0n),
    listed: listed.length,
    tooYoung: unreached.length - orphans.length,
  };
}

/** Keys of the store that holds the table: all that one state reaches which was loaded after the listing, and what earlier ones do. */
async function reachedSince(
  before: MetadataRoot,
  search: OrphanSearch,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  let root = before;
  for (let states = 0; states < MOST_STATES; states += 1) {
    const missing = await addReached(reached, root, search.locations, signal);
    if (missing === undefined && states > 0) return reached;
    const next = await search.load();
    if (next.location !== before.location)
      throw new SluiceError('unavailable', 'the table was moved while its files were listed', { remedy: 'try again' });
    // Somebody expires snapshots: what is missing belongs to a state of the past. Otherwise it is missing.
    if (missing !== undefined && next.metadataLocation === root.metadataLocation) throw missing;
    root = next;
  }
  throw new SluiceError('unavailable', 'snapshots of the table were expired each time its files were looked for', {
    remedy: 'try again when no other service expires them',
  });
}

/** Resolves with why it came to no end, when a file is missing. */
async function addReached(
  reached: Set<string>,
  root: MetadataRoot,
  locations: Locations,
  signal: AbortSignal,
): Promise<SluiceError | undefined> {
  const { store } = locations.resolve(root.location);
  try {
    for await (const uri of root.reachable()) {
      signal.throwIfAborted();
      const place = locations.resolve(uri);
      if (place.store === store) reached.add(place.key);
    }
    return undefined;
  } catch (error) {
    if (isSluiceError(error, 'corrupt')) return error;
    throw error;
  }
}

/** In a place that two tables share, what one does not reach may be the other's. */
function assertOwnPlace(locations: Locations, { location }: MetadataRoot, neighbours: readonly string[]): void {
  const own = locations.resolve(location);
  const holder = neighbours.find((neighbour) => {
    const { store, key } = locations.resolve(neighbour);
    return store === own.store && `${own.key}/`.startsWith(`${key}/`);
  });
  if (holder === undefined) return;
  throw new SluiceError('misconfigured', `the table lies in the place of another table, ${holder}`, {
    context: { location },
    remedy: 'give each table a location of its own; nothing was deleted',
  });
}

/** A listing that lacks the very file that was loaded is one of another place: a spelling that only looks the same (iceberg#4346). */
function assertSamePlace(locations: Locations, root: MetadataRoot, listed: readonly ObjectInfo[]): void {
  const { key } = locations.resolve(root.metadataLocation);
  const { key: prefix } = locations.resolve(root.location);
  if (!key.startsWith(`${prefix}/`) || listed.some((object) => object.key === key)) return;
  throw new SluiceError('misconfigured', 'the listing of the table does not hold its own metadata file', {
    context: { location: root.location, metadata: root.metadataLocation },
    remedy: 'compare the location of the table with that of its metadata file; nothing was deleted',
  });
}

/** Delta's log, and what Java calls hidden: version hints and the scratch of other writers. */
const isSomebodyElses = (name: string): boolean =>
  name.split('/').some((part) => part.startsWith('_') || part.startsWith('.')) || name.endsWith('version-hint.text');

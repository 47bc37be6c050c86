/**
 * Orphans are removed in two runs: the first lists them, a later one deletes what was listed long enough ago and is still an orphan
 * (protocol §8). Owns the quarantine listings and the order; what an orphan is, is `orphans.ts`.
 */
import { SluiceError } from '../core/errors.ts';
import { parseJson64, stringifyJson64 } from '../core/json64.ts';
import type { Runtime } from '../core/runtime.ts';
import type { ObjectInfo, ObjectStore } from '../contracts/object-store.ts';
import { LEAST_ORPHAN_AGE_MS, findOrphans, type FoundOrphans, type OrphanSearch } from './orphans.ts';

export interface OrphanPolicy {
  /** At least `LEAST_ORPHAN_AGE_MS`. */
  readonly minAgeMs: number;
  /** How long an orphan must have been listed. */
  readonly quarantineMs: number;
  /** Objects a second. */
  readonly deletesPerSecond: number;
}

export interface OrphanRun {
  readonly search: Omit<OrphanSearch, 'changedBefore'>;
  readonly policy: OrphanPolicy;
  /** Where listings are kept: `<prefix>/<milliseconds>.json`, outside every table's location. */
  readonly listings: { readonly store: ObjectStore; readonly prefix: string };
  /** Runs work while no commit of the table is under way or unknown here. */
  readonly whileSettled: <T>(work: () => Promise<T>) => Promise<T>;
  readonly runtime: Runtime;
  /** Bytes deleted of those that are due. */
  readonly onBatch?: (deletedBytes: number, dueBytes: number) => void;
}

export interface OrphanResult extends FoundOrphans {
  readonly deleted: number;
  readonly deletedBytes: bigint;
  readonly failed: readonly { readonly key: string; readonly cause: string }[];
  /** Listed for the first time, or not long enough ago. */
  readonly quarantined: number;
}

const BATCH = 500;
/** Clocks further apart than this cannot say how old an object is (protocol §7). */
const MAX_SKEW_MS = 60_000;

/** Finds only; writes and deletes nothing. */
export function dryRun(run: OrphanRun, signal: AbortSignal): Promise<FoundOrphans> {
  const changedBefore = run.runtime.clock.now() - gate(run.policy);
  return findOrphans({ ...run.search, changedBefore }, signal);
}

/** Rejects with `unavailable` when the local clock and the store's differ by more than a minute. */
export async function removeOrphans(run: OrphanRun, signal: AbortSignal): Promise<OrphanResult> {
  const { policy, listings, runtime } = run;
  const now = await storeTime(run, signal);
  const found = await findOrphans({ ...run.search, changedBefore: now - gate(policy) }, signal);
  const since = await seenSince(listings, signal);
  const due = found.orphans.filter(({ key }) => (since.get(key) ?? now) <= now - policy.quarantineMs);
  const { store } = run.search.locations.resolve((await run.search.load()).location);
  const failed: { readonly key: string; readonly cause: string }[] = [];
  const deleted: ObjectInfo[] = [];
  for (let at = 0; at < due.length; at += BATCH) {
    const batch = due.slice(at, at + BATCH);
    const answer = await run.whileSettled(() => store.delete(keysOf(batch), signal));
    const kept = new Set(answer.failed.map(({ key }) => key));
    failed.push(...answer.failed);
    deleted.push(...batch.filter(({ key }) => !kept.has(key)));
    run.onBatch?.(Number(bytesOf(deleted)), Number(bytesOf(due)));
    await runtime.clock.sleep((batch.length / policy.deletesPerSecond) * 1000, signal);
  }
  const gone = new Set(deleted.map(({ key }) => key));
  const quarantined = found.orphans.filter(({ key }) => !gone.has(key));
  const listing = quarantined.map(({ key }) => ({ key, since: since.get(key) ?? now }));
  await keepListing(listings, now, listing, signal);
  return {
    ...found,
    deleted: deleted.length,
    deletedBytes: bytesOf(deleted),
    failed,
    quarantined: quarantined.length,
  };
}

const bytesOf = (objects: readonly ObjectInfo[]): bigint => objects.reduce((sum, { size }) => sum + size, 0n);
const keysOf = (objects: readonly ObjectInfo[]): readonly string[] => objects.map(({ key }) => key);

function gate({ minAgeMs }: OrphanPolicy): number {
  if (minAgeMs >= LEAST_ORPHAN_AGE_MS) return minAgeMs;
  throw new SluiceError('misconfigured', 'orphans cannot be told from files about to be committed at so young an age', {
    context: { hours: minAgeMs / 3_600_000, least: LEAST_ORPHAN_AGE_MS / 3_600_000 },
    remedy: `use ${LEAST_ORPHAN_AGE_MS / 3_600_000} hours or more`,
  });
}

/** The time by the store's clock, which must agree with ours. */
async function storeTime({ listings, runtime }: OrphanRun, signal: AbortSignal): Promise<number> {
  const key = `${listings.prefix}/clock`;
  await listings.store.put(key, new Uint8Array(), { kind: 'always' }, signal);
  const here = runtime.clock.now();
  const there = (await listings.store.head(key, signal))?.modifiedAt ?? Number.NaN;
  if (Math.abs(there - here) <= MAX_SKEW_MS) return Math.min(there, here);
  throw new SluiceError(
    'unavailable',
    "the clocks of this machine and of the store differ: an object's age is not known",
    {
      context: { here, there },
      remedy: 'set the clock of this machine; nothing was deleted',
    },
  );
}

interface StoredListing {
  readonly orphans: readonly { readonly key: string; readonly since: number }[];
}

/** When each orphan of the newest listing was seen first. */
async function seenSince({ store, prefix }: OrphanRun['listings'], signal: AbortSignal): Promise<Map<string, number>> {
  const newest = (await listingKeys(store, prefix, signal)).at(-1);
  const found = newest === undefined ? undefined : await store.get(newest, { signal });
  if (newest === undefined || found === undefined) return new Map();
  const stored = parseJson64(Buffer.from(found.bytes).toString('utf8'), newest) as unknown as StoredListing;
  return new Map(stored.orphans.map(({ key, since }) => [key, since]));
}

/** The new listing first, then the older ones go. */
async function keepListing(
  { store, prefix }: OrphanRun['listings'],
  now: number,
  orphans: StoredListing['orphans'],
  signal: AbortSignal,
): Promise<void> {
  const older = await listingKeys(store, prefix, signal);
  const key = `${prefix}/${String(now).padStart(15, '0')}.json`;
  await store.put(key, Buffer.from(`${stringifyJson64({ orphans })}\n`), { kind: 'always' }, signal);
  await store.delete(
    older.filter((other) => other !== key),
    signal,
  );
}

async function listingKeys(store: ObjectStore, prefix: string, signal: AbortSignal): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${prefix}/`, signal)) if (key.endsWith('.json')) keys.push(key);
  return keys;
}

/**
 * Objects that are certainly of no use any more, deleted at a pace and only while no commit of their table is under way or unknown.
 * Owns batches and their turns; what is of no use, the caller knows.
 */
import type { CommitQueue } from '../commit/commit-queue.ts';
import type { Locations } from '../contracts/locations.ts';
import { isSluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';

export interface DeletePace {
  readonly locations: Locations;
  readonly runtime: Runtime;
  readonly deletesPerSecond: number;
  /** Resolves when ingestion does not lag. */
  readonly calm: (signal: AbortSignal) => Promise<void>;
}

export interface Deleted {
  readonly deleted: number;
  /** Could not be deleted, or lie outside the configured stores: left for orphan removal. */
  readonly left: number;
}

const BATCH = 250;

/** Rejects with kind `closed` when the signal aborts; the rest is left. */
export async function deletePaced(
  pace: DeletePace,
  queue: CommitQueue,
  uris: AsyncIterable<string>,
  onBatch: (soFar: Deleted) => void,
  signal: AbortSignal,
): Promise<Deleted> {
  let soFar: Deleted = { deleted: 0, left: 0 };
  const flush = async (batch: readonly string[]): Promise<void> => {
    await pace.calm(signal);
    // In the queue no commit of this table is under way or unknown.
    const left = await queue.run(() => deleteNow(pace.locations, batch, signal));
    soFar = { deleted: soFar.deleted + batch.length - left, left: soFar.left + left };
    onBatch(soFar);
    await pace.runtime.clock.sleep((batch.length / pace.deletesPerSecond) * 1000, signal);
  };
  let batch: string[] = [];
  for await (const uri of uris) {
    signal.throwIfAborted();
    if (batch.push(uri) < BATCH) continue;
    await flush(batch);
    batch = [];
  }
  if (batch.length > 0) await flush(batch);
  return soFar;
}

/** How many are left. */
async function deleteNow(locations: Locations, uris: readonly string[], signal: AbortSignal): Promise<number> {
  const places = uris.flatMap((uri) => placeOf(locations, uri) ?? []);
  let left = uris.length - places.length;
  for (const [store, objects] of Map.groupBy(places, ({ store }) => store)) {
    const keys = objects.map(({ key }) => key);
    left += (await store.delete(keys, signal)).failed.length;
  }
  return left;
}

function placeOf(locations: Locations, uri: string): ReturnType<Locations['resolve']> | undefined {
  try {
    return locations.resolve(uri);
  } catch (error) {
    if (isSluiceError(error, 'misconfigured')) return undefined;
    throw error;
  }
}

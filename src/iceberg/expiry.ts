/** Which snapshots and refs leave a table (spec "Snapshot Retention Policy"; checklist 15.1, 15.5). Pure. Deletes nothing. */
import type { ExpiryPlan, ExpiryPolicy } from '../contracts/maintenance.ts';
import { asLong } from '../core/json64.ts';
import { MAIN, ancestors, snapshotById, type Snapshot, type SnapshotRef, type TableMetadata } from './metadata.ts';

const MAX_AGE = 'history.expire.max-snapshot-age-ms';
const MIN_KEPT = 'history.expire.min-snapshots-to-keep';
const MAX_REF_AGE = 'history.expire.max-ref-age-ms';
const NOTHING: ExpiryPlan = { snapshots: [], refs: [] };

export function planExpiry(metadata: TableMetadata, policy: ExpiryPolicy, nowMs: number): ExpiryPlan {
  if (metadata.properties['gc.enabled'] === 'false') return NOTHING;
  const tableAge = number(metadata.properties[MAX_AGE]) ?? policy.maxAgeMs;
  const tableMin = Math.max(1, number(metadata.properties[MIN_KEPT]) ?? policy.minToKeep);
  const refs = Object.entries(metadata.refs);
  const expired = refs.filter(([name, ref]) => isOver(metadata, name, ref, nowMs)).map(([name]) => name);
  const kept = new Set<bigint>();
  for (const [name, ref] of refs) {
    if (expired.includes(name)) continue;
    kept.add(ref.snapshotId);
    if (ref.type === 'tag') continue;
    const maxAge = member(ref, 'max-snapshot-age-ms') ?? tableAge;
    const minKept = member(ref, 'min-snapshots-to-keep') ?? tableMin;
    let count = 0;
    for (const snapshot of ancestors(metadata, ref.snapshotId)) {
      count += 1;
      // Later ancestors are older: the first that may go takes all behind it along.
      if (count > minKept && nowMs - snapshot.timestampMs > maxAge) break;
      kept.add(snapshot.snapshotId);
    }
  }
  const named = reachedByRefs(metadata);
  for (const snapshot of metadata.snapshots)
    if (!named.has(snapshot.snapshotId) && nowMs - snapshot.timestampMs <= tableAge) kept.add(snapshot.snapshotId);
  for (const snapshot of newestOfPipelines(metadata)) kept.add(snapshot.snapshotId);
  const snapshots = metadata.snapshots.map(({ snapshotId }) => snapshotId).filter((id) => !kept.has(id));
  return { snapshots, refs: expired };
}

function isOver(metadata: TableMetadata, name: string, ref: SnapshotRef, nowMs: number): boolean {
  const maxAge = member(ref, 'max-ref-age-ms') ?? number(metadata.properties[MAX_REF_AGE]);
  if (name === MAIN || maxAge === undefined) return false;
  const head = snapshotById(metadata, ref.snapshotId);
  return head !== undefined && nowMs - head.timestampMs > maxAge;
}

/** Snapshots on any branch or named by a tag, those of refs that are over included: they are judged with their ref. */
const reachedByRefs = (metadata: TableMetadata): ReadonlySet<bigint> =>
  new Set(
    Object.values(metadata.refs).flatMap(({ type, snapshotId }) =>
      type === 'tag' ? [snapshotId] : [...ancestors(metadata, snapshotId)].map((snapshot) => snapshot.snapshotId),
    ),
  );

/**
 * What Flink's, Kafka Connect's and our own commits say about themselves is lost with the last snapshot that says it (checklist 15.5). An
 * earlier expiry has left one behind that main no longer leads to: what main says goes first, then any snapshot, the newest first.
 */
function newestOfPipelines(metadata: TableMetadata): Iterable<Snapshot> {
  const newest = new Map<string, Snapshot>();
  const others = metadata.snapshots.toSorted((a, b) => (a.sequenceNumber < b.sequenceNumber ? 1 : -1));
  for (const snapshot of [...ancestors(metadata), ...others]) {
    const markers = Object.entries(snapshot.summary).filter(([key]) => MARKERS.some((marker) => marker.test(key)));
    for (const [key, value] of markers) {
      const owner = key === 'sluice.pipeline' || key === 'flink.job-id' ? `${key} ${value}` : key;
      if (!newest.has(owner)) newest.set(owner, snapshot);
    }
  }
  return newest.values();
}

const MARKERS = [/^sluice\.pipeline$/, /^flink\.job-id$/, /^kafka\.connect\.offsets\./];

function number(text: string | undefined): number | undefined {
  const value = Number(text ?? '');
  return text !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function member(ref: SnapshotRef, key: string): number | undefined {
  const value = ref.rest[key];
  return value === undefined || value === null ? undefined : Number(asLong(value, `ref: ${key}`));
}

/**
 * Changes of table metadata and their conditions in the vocabulary of the REST catalog (checklist 13.2–13.4), and what they do to a
 * metadata file (spec "Table Metadata"; checklist 1.8, 1.9). Pure. Owns no I/O: a pointer catalog applies them itself, a REST catalog
 * sends them.
 */
import { SluiceError } from '../core/errors.ts';
import { asLong, type Json64 } from '../core/json64.ts';
import { MAIN, type JsonObject, type Snapshot, type TableMetadata } from './metadata.ts';

export type MetadataUpdate =
  | { readonly action: 'add-snapshot'; readonly snapshot: Snapshot }
  | {
      readonly action: 'set-snapshot-ref';
      readonly refName: string;
      readonly type: 'branch' | 'tag';
      readonly snapshotId: bigint;
    }
  | { readonly action: 'remove-snapshot-ref'; readonly refName: string }
  | { readonly action: 'remove-snapshots'; readonly snapshotIds: readonly bigint[] }
  | { readonly action: 'set-properties'; readonly updates: Readonly<Record<string, string>> }
  | { readonly action: 'remove-properties'; readonly removals: readonly string[] };

export type Requirement =
  | { readonly type: 'assert-table-uuid'; readonly uuid: string }
  /** `null`: the ref must not exist. */
  | { readonly type: 'assert-ref-snapshot-id'; readonly ref: string; readonly snapshotId: bigint | null }
  | { readonly type: 'assert-current-schema-id'; readonly currentSchemaId: number };

/** The first requirement that does not hold, in words; undefined when all hold. */
export function violated(metadata: TableMetadata, requirements: readonly Requirement[]): string | undefined {
  for (const requirement of requirements) {
    const [holds, is] = check(metadata, requirement);
    if (!holds) return `${requirement.type}: the table has ${is}`;
  }
  return undefined;
}

/** Time of the next change: never goes back, whatever the clock says (protocol §4: max(now, last + 1 ms)). */
export const nextTimestamp = (metadata: TableMetadata, nowMs: number): number =>
  Math.max(nowMs, metadata.lastUpdatedMs + 1);

/**
 * The metadata after all updates, in order, as the successor of the file `metadataFile` that holds `base`.
 * Throws kind `internal` on an update that the specification forbids: callers check before.
 */
export function applyUpdates(
  base: TableMetadata,
  metadataFile: string,
  updates: readonly MetadataUpdate[],
  nowMs: number,
): TableMetadata {
  const changed = updates.reduce(applyOne, { ...base, lastUpdatedMs: nextTimestamp(base, nowMs) });
  const previous = { timestampMs: base.lastUpdatedMs, metadataFile };
  return { ...changed, metadataLog: [...base.metadataLog, previous].slice(-previousVersionsMax(changed)) };
}

function applyOne(metadata: TableMetadata, update: MetadataUpdate): TableMetadata {
  switch (update.action) {
    case 'add-snapshot':
      return addSnapshot(metadata, update.snapshot);
    case 'set-snapshot-ref':
      return setRef(metadata, update.refName, update.type, update.snapshotId);
    case 'remove-snapshot-ref':
      return removeRef(metadata, update.refName);
    case 'remove-snapshots':
      return removeSnapshots(metadata, new Set(update.snapshotIds));
    case 'set-properties':
      return { ...metadata, properties: { ...metadata.properties, ...update.updates } };
    case 'remove-properties': {
      const gone = new Set(update.removals);
      const kept = Object.entries(metadata.properties).filter(([key]) => !gone.has(key));
      return { ...metadata, properties: Object.fromEntries(kept) };
    }
  }
}

function addSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
  if (metadata.snapshots.some((other) => other.snapshotId === snapshot.snapshotId))
    throw new SluiceError('internal', `snapshot ${snapshot.snapshotId} is already in the table`);
  if (snapshot.sequenceNumber <= metadata.lastSequenceNumber)
    throw new SluiceError('internal', `sequence number ${snapshot.sequenceNumber} is not above the table's last`);
  return {
    ...metadata,
    lastSequenceNumber: snapshot.sequenceNumber,
    lastUpdatedMs: snapshot.timestampMs,
    snapshots: [...metadata.snapshots, snapshot],
  };
}

function setRef(metadata: TableMetadata, name: string, type: 'branch' | 'tag', snapshotId: bigint): TableMetadata {
  if (!metadata.snapshots.some((snapshot) => snapshot.snapshotId === snapshotId))
    throw new SluiceError('internal', `ref ${name} would name snapshot ${snapshotId}, which is not in the table`);
  const old = metadata.refs[name];
  const refs = { ...metadata.refs, [name]: { snapshotId, type, rest: old?.rest ?? {} } };
  if (name !== MAIN || metadata.currentSnapshotId === snapshotId) return { ...metadata, refs };
  return {
    ...metadata,
    refs,
    currentSnapshotId: snapshotId,
    snapshotLog: [...metadata.snapshotLog, { timestampMs: metadata.lastUpdatedMs, snapshotId }],
  };
}

function removeRef(metadata: TableMetadata, name: string): TableMetadata {
  if (name === MAIN) throw new SluiceError('internal', 'main is never removed');
  return { ...metadata, refs: Object.fromEntries(Object.entries(metadata.refs).filter(([other]) => other !== name)) };
}

/** With them go log entries up to the last that names one of them (checklist 1.9), and their statistics (checklist 15.3). */
function removeSnapshots(metadata: TableMetadata, ids: ReadonlySet<bigint>): TableMetadata {
  for (const [name, ref] of Object.entries(metadata.refs))
    if (ids.has(ref.snapshotId))
      throw new SluiceError('internal', `snapshot ${ref.snapshotId} cannot be removed: ref ${name} names it`);
  const lastGone = metadata.snapshotLog.findLastIndex((entry) => ids.has(entry.snapshotId));
  const statistics = Object.entries(metadata.rest).map(([key, value]) =>
    STATISTICS.has(key) && Array.isArray(value)
      ? [key, (value as readonly Json64[]).filter((entry) => !ids.has(snapshotIdOf(entry)))]
      : [key, value],
  );
  return {
    ...metadata,
    snapshots: metadata.snapshots.filter((snapshot) => !ids.has(snapshot.snapshotId)),
    snapshotLog: metadata.snapshotLog.slice(lastGone + 1),
    rest: Object.fromEntries(statistics) as JsonObject,
  };
}

const STATISTICS: ReadonlySet<string> = new Set(['statistics', 'partition-statistics']);

const snapshotIdOf = (entry: Json64): bigint =>
  asLong((entry as JsonObject)['snapshot-id'] ?? null, 'statistics: snapshot-id');

function check(metadata: TableMetadata, requirement: Requirement): readonly [boolean, string] {
  switch (requirement.type) {
    case 'assert-table-uuid':
      return [metadata.tableUuid.toLowerCase() === requirement.uuid.toLowerCase(), `uuid ${metadata.tableUuid}`];
    case 'assert-ref-snapshot-id': {
      const is = metadata.refs[requirement.ref]?.snapshotId ?? null;
      return [is === requirement.snapshotId, `${requirement.ref} at ${is}`];
    }
    case 'assert-current-schema-id':
      return [metadata.currentSchemaId === requirement.currentSchemaId, `schema ${metadata.currentSchemaId}`];
  }
}

/** `write.metadata.previous-versions-max`, at least 1; 100 when absent or no number. */
function previousVersionsMax(metadata: TableMetadata): number {
  const set = Number(metadata.properties['write.metadata.previous-versions-max'] ?? '100');
  return Number.isInteger(set) ? Math.max(1, set) : 100;
}

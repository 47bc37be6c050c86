/**
 * Rules between members of a metadata file without which it must not be built upon (checklist 1.5–1.7; Java refuses the same).
 * Kept small: files made by others are read as they are.
 */
import { SluiceError } from '../core/errors.ts';
import type { TableMetadata } from './metadata.ts';

/** Throws kind `corrupt`, naming the file and the rule. */
export function checkMetadata(metadata: TableMetadata, what: string): void {
  const fail = (problem: string): never => {
    throw new SluiceError('corrupt', `${what}: ${problem}`);
  };
  const ids = new Set<bigint>();
  for (const snapshot of metadata.snapshots) {
    if (ids.has(snapshot.snapshotId)) fail(`snapshot ${snapshot.snapshotId} is listed twice`);
    ids.add(snapshot.snapshotId);
    if (snapshot.sequenceNumber > metadata.lastSequenceNumber)
      fail(`snapshot ${snapshot.snapshotId} has sequence number ${snapshot.sequenceNumber} above the table's last`);
  }
  for (const [name, ref] of Object.entries(metadata.refs))
    if (!ids.has(ref.snapshotId)) fail(`ref ${name} names snapshot ${ref.snapshotId}, which is not there`);
  const main = metadata.refs['main'];
  if (metadata.currentSnapshotId !== main?.snapshotId)
    fail(`current snapshot ${metadata.currentSnapshotId} is not that of main (${main?.snapshotId})`);
  for (const [documents, key, id] of [
    [metadata.schemas, 'schema-id', metadata.currentSchemaId],
    [metadata.partitionSpecs, 'spec-id', metadata.defaultSpecId],
    [metadata.sortOrders, 'order-id', metadata.defaultSortOrderId],
  ] as const)
    if (!documents.some((document) => document[key] === id)) fail(`there is no ${key} ${id}`);
}

/** Throws kind `unsupported` when this version must not write to the table, and says what to do. */
export function assertWritable(metadata: TableMetadata): void {
  const context = { table: metadata.tableUuid, location: metadata.location };
  if (metadata.formatVersion !== 2)
    throw new SluiceError(
      'unsupported',
      `the table has Iceberg format version ${metadata.formatVersion}; this version writes 2`,
      {
        context,
        remedy: 'ingest into a table of format version 2',
      },
    );
  const encrypted = metadata.properties['encryption.key-id'] ?? metadata.rest['encryption-keys'];
  if (encrypted !== undefined)
    throw new SluiceError('unsupported', 'the table is encrypted; this version writes no encrypted files', { context });
}

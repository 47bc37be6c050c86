/** Wire forms of what the API answers: snake_case, 64-bit numbers as text, times as ISO 8601 in UTC. */
import type { FastifyReply } from 'fastify';
import type { CheckpointRecord, TableStatus } from '../contracts/service-ports.ts';
import type { TableView } from '../contracts/table-format.ts';
import type { SnapshotSummary } from '../contracts/tables.ts';
import { formatTableName } from '../core/ids.ts';
import { sortOrderJson, specJson } from '../record/partition-json.ts';
import { schemaJson } from '../record/schema-json.ts';

export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** Numbers that do not fit a double never leave as JSON numbers. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? member.toString() : member));

/**
 * Sets status and type and gives the text that the handler returns. Handlers never return the reply itself: it is a thenable, and
 * waiting for it costs a listener a request.
 */
export function json(reply: FastifyReply, status: number, value: unknown): string {
  reply.code(status).header('content-type', 'application/json');
  return toJson(value);
}

export const statusJson = (status: TableStatus) => ({
  table: formatTableName(status.name),
  state: status.state,
  ...(status.reason === undefined ? {} : { reason: status.reason }),
  ...(status.remedy === undefined ? {} : { try: status.remedy }),
  lag_records: status.lagRecords,
  lag_bytes: String(status.lagBytes),
  freshness_seconds: status.freshnessSeconds,
  ...(status.lastCommit === undefined
    ? {}
    : { last_commit: { snapshot_id: status.lastCommit.snapshot, committed_at: isoTime(status.lastCommit.at) } }),
  ...(status.health === undefined ? {} : { health_score: status.health.score }),
  ...(status.health?.worst === undefined ? {} : { health_worst: status.health.worst }),
});

export const viewJson = (view: TableView) => ({
  table: formatTableName(view.name),
  uuid: view.uuid,
  location: view.location,
  ...(view.metadataLocation === undefined ? {} : { metadata_location: view.metadataLocation }),
  current_snapshot_id: view.snapshot ?? null,
  sequence_number: view.sequenceNumber,
  schema: schemaJson(view.schema),
  partition_spec: specJson(view.spec),
  sort_order: sortOrderJson(view.sortOrder),
  properties: Object.fromEntries(view.properties),
});

export const snapshotJson = (snapshot: SnapshotSummary) => ({
  snapshot_id: snapshot.snapshotId,
  parent_id: snapshot.parentId ?? null,
  sequence_number: snapshot.sequenceNumber,
  committed_at: isoTime(snapshot.timestampMs),
  operation: snapshot.operation,
  summary: Object.fromEntries(snapshot.summary),
});

export const fileJson = (file: {
  readonly filePath: string;
  readonly recordCount: bigint;
  readonly fileSizeInBytes: bigint;
  readonly partition: readonly (string | null)[];
}) => ({
  file_path: file.filePath,
  record_count: file.recordCount,
  file_size_in_bytes: file.fileSizeInBytes,
  partition: file.partition,
});

export const checkpointJson = (record: CheckpointRecord) => ({
  table: record.table,
  epoch: record.epoch,
  trigger: record.trigger,
  started_at: isoTime(record.startedAt),
  result: record.result,
  ...(record.snapshot === undefined ? {} : { snapshot_id: record.snapshot }),
  records: String(record.records),
  files: record.files,
  bytes: String(record.bytes),
  cut: record.cut,
  ...(record.freshnessSeconds === undefined ? {} : { freshness_seconds: record.freshnessSeconds }),
  phases: record.phases,
  ...(record.error === undefined ? {} : { error: record.error }),
});

/** Tables, snapshots, files and checkpoints as the API shows them (`wire.ts` writes them). Owns schemas only. */
import * as z from 'zod';
import { component, instant, tableName, wide } from './route-docs.ts';

const fieldName = z.string().min(1);

/** Names that Iceberg's own JSON gives (spec, Appendix C). */
const icebergType: z.ZodType = component(
  'IcebergType',
  z
    .union([z.string(), z.looseObject({ type: z.enum(['struct', 'list', 'map']) })])
    .describe('An Iceberg type in its JSON form: long, decimal(9, 2), {type: list, …}'),
);

const icebergSchema = component(
  'IcebergSchema',
  z.looseObject({
    type: z.literal('struct'),
    'schema-id': z.int(),
    fields: z.array(
      z.strictObject({
        id: z.int(),
        name: fieldName,
        required: z.boolean(),
        type: icebergType,
        doc: z.string().optional(),
      }),
    ),
    'identifier-field-ids': z.array(z.int()).optional(),
  }),
);

const partitionSpec = component(
  'PartitionSpec',
  z.strictObject({
    'spec-id': z.int(),
    fields: z.array(
      z.strictObject({ name: fieldName, transform: z.string(), 'source-id': z.int(), 'field-id': z.int() }),
    ),
  }),
);

const sortOrder = component(
  'SortOrder',
  z.strictObject({
    'order-id': z.int(),
    fields: z.array(
      z.strictObject({
        transform: z.string(),
        'source-id': z.int(),
        direction: z.enum(['asc', 'desc']),
        'null-order': z.enum(['nulls-first', 'nulls-last']),
      }),
    ),
  }),
);

const tableShape = {
  table: tableName(),
  uuid: z.string().describe('The UUID in the table metadata'),
  location: z.string().describe('Where metadata and data are'),
  metadata_location: z.string().optional().describe('The current metadata file'),
  current_snapshot_id: wide('The current snapshot').nullable().describe('null: nothing was committed yet'),
  sequence_number: wide('Sequence number of the last commit'),
  schema: icebergSchema,
  partition_spec: partitionSpec,
  sort_order: sortOrder,
  properties: z.record(z.string(), z.string()),
};

export const table = component('Table', z.strictObject(tableShape));

export const tableStatus = component(
  'TableStatus',
  z.strictObject({
    table: tableName(),
    health_worst: z.string().optional().describe('What takes most of the points'),
    health_score: z.int().min(0).max(100).optional().describe('As GET …/health explains it; absent until it is known'),
    state: z
      .enum(['running', 'failing', 'stopped'])
      .describe('failing: retried with the error under reason; stopped: waits for an operator'),
    reason: z.string().optional(),
    try: z.string().optional().describe('What to do about it'),
    lag_records: wide('Acknowledged records not yet in the table'),
    lag_bytes: wide('Their bytes'),
    freshness_seconds: z.number().min(0).describe('Age of the oldest acknowledged record that is not yet in the table'),
    last_commit: z
      .strictObject({ snapshot_id: wide('Its snapshot'), committed_at: instant('When it was committed') })
      .optional(),
  }),
);

export const describedTable = component(
  'DescribedTable',
  z.strictObject({ ...tableShape, status: tableStatus }).describe('A table with its state'),
);

export const tableList = component('TableList', z.strictObject({ tables: z.array(tableStatus) }));

export const snapshotList = component(
  'SnapshotList',
  z.strictObject({
    snapshots: z.array(
      z.strictObject({
        snapshot_id: wide('The snapshot'),
        parent_id: wide('The one before').nullable(),
        sequence_number: wide('Its sequence number'),
        committed_at: instant('When it was committed'),
        operation: z.string(),
        summary: z.record(z.string(), z.string()),
      }),
    ),
  }),
);

export const fileList = component(
  'FileList',
  z.strictObject({
    files: z.array(
      z.strictObject({
        file_path: z.string(),
        record_count: wide('Records in it'),
        file_size_in_bytes: wide('Its size'),
        partition: z.array(z.string().nullable()).describe('One text a partition field, in the order of the spec'),
      }),
    ),
  }),
);

export const checkpointList = component(
  'CheckpointList',
  z.strictObject({
    checkpoints: z.array(
      z.strictObject({
        table: tableName(),
        epoch: wide('Number of the checkpoint'),
        trigger: z.enum(['interval', 'bytes', 'rows', 'operator', 'shutdown', 'recovery']),
        started_at: instant('When the cut was made'),
        result: z.enum(['committed', 'failed']),
        snapshot_id: wide('What it committed').optional(),
        records: wide('Records in it'),
        files: z.int().min(0),
        bytes: wide('Bytes of its files'),
        cut: z.record(z.string(), z.string()).describe('Lane → offset: everything below is in the table'),
        freshness_seconds: z.number().min(0).optional().describe('Age of its oldest record when it was committed'),
        phases: z
          .strictObject({ write: z.number(), upload: z.number(), commit: z.number() })
          .describe('Seconds each phase took'),
        error: z.string().optional().describe('Why it failed'),
      }),
    ),
  }),
);

const fieldInput = z.strictObject({
  id: z.int().optional().describe('Read and replaced: ids are assigned anew'),
  name: fieldName,
  type: icebergType,
  required: z.boolean().optional(),
  doc: z.string().optional(),
});

const CREATABLE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,127})+$/;

export const tableDefinition = component(
  'TableDefinition',
  z.strictObject({
    name: z.string().regex(CREATABLE_NAME).describe('Namespace and name'),
    schema: z
      .union([z.array(fieldInput).min(1), z.looseObject({ fields: z.array(fieldInput).min(1) })])
      .describe('Fields, or an Iceberg schema with `fields`; types as docs/types.md lists them'),
    partition_by: z
      .array(
        z.union([
          z.string(),
          z.strictObject({ source: z.string(), transform: z.string(), name: fieldName.optional() }),
        ]),
      )
      .nullish()
      .describe('day(ts), bucket(16, user_id), truncate(4, name), or a column'),
    sort_by: z
      .array(
        z.union([
          z.string(),
          z.strictObject({
            source: z.string(),
            transform: z.string().optional(),
            direction: z.enum(['asc', 'desc']).optional(),
            null_order: z.enum(['nulls-first', 'nulls-last']).optional(),
          }),
        ]),
      )
      .nullish()
      .describe('ts, ts desc nulls last, bucket(16, id)'),
    identifier: z.array(z.string()).nullish().describe('Required columns that together identify a row'),
    properties: z.record(z.string(), z.string()).optional().describe('Table properties'),
  }),
);

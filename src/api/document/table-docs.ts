/** What the API document says of tables, their snapshots, files and checkpoints. */
import type { RouteDocs } from './route-docs.ts';
import { json } from './route-docs.ts';
import {
  checkpointList,
  describedTable,
  fileList,
  snapshotList,
  table,
  tableDefinition,
  tableList,
} from './table-schemas.ts';

const TAG = 'Tables';
const TABLE = '/api/v1/tables/web.clicks';
const SNAPSHOT = '5937117119577207079';
const COMMITTED_AT = '2026-11-22T10:00:05.100Z';

const definition = {
  name: 'web.clicks',
  schema: {
    fields: [
      { name: 'user_id', type: 'string', required: true },
      { name: 'ts', type: 'timestamptz', required: true },
      { name: 'amount', type: 'decimal(9,2)' },
    ],
  },
  partition_by: ['day(ts)'],
};

const view = {
  table: 'web.clicks',
  uuid: '0193f7a0-0000-7000-8000-00000000000a',
  location: 'file:///var/lib/sluice/warehouse/web/clicks',
  metadata_location: 'file:///var/lib/sluice/warehouse/web/clicks/metadata/00001-6f2c.metadata.json',
  current_snapshot_id: SNAPSHOT,
  sequence_number: '1',
  schema: {
    type: 'struct',
    'schema-id': 0,
    fields: [
      { id: 1, name: 'user_id', required: true, type: 'string' },
      { id: 2, name: 'ts', required: true, type: 'timestamptz' },
      { id: 3, name: 'amount', required: false, type: 'decimal(9, 2)' },
    ],
  },
  partition_spec: {
    'spec-id': 0,
    fields: [{ name: 'ts_day', transform: 'day', 'source-id': 2, 'field-id': 1000 }],
  },
  sort_order: { 'order-id': 0, fields: [] },
  properties: {},
};

const status = {
  table: 'web.clicks',
  state: 'running',
  lag_records: '0',
  lag_bytes: '0',
  freshness_seconds: 0,
  last_commit: { snapshot_id: SNAPSHOT, committed_at: COMMITTED_AT },
};

const checkpoints = {
  checkpoints: [
    {
      table: 'web.clicks',
      epoch: '7',
      trigger: 'operator',
      started_at: COMMITTED_AT,
      result: 'committed',
      snapshot_id: SNAPSHOT,
      records: '2',
      files: 1,
      bytes: '1043',
      cut: { '0123456789abcdef0123456789abcdef': '2' },
      phases: { write: 0.021, upload: 0.004, commit: 0.012 },
    },
  ],
};

export const listTablesDocs: RouteDocs = {
  tag: TAG,
  answers: { 200: { description: 'Every table with its state', content: json(tableList, { tables: [status] }) } },
  problems: ['unavailable'],
  examples: [{ target: '/api/v1/tables' }],
};

export const createTableDocs: RouteDocs = {
  tag: TAG,
  description: 'Creating the same table again is no error, so a request whose answer was lost may be sent again.',
  body: { 'application/json': { schema: tableDefinition, example: definition } },
  answers: {
    200: { description: 'The same table is there already', content: json(table, view) },
    201: {
      description: 'Created',
      content: json(table, view),
      headers: { Location: { description: 'Path of the table', schema: { type: 'string' } } },
    },
  },
  problems: [
    'invalid-body',
    'table-exists',
    'body-too-large',
    'unsupported-media-type',
    'invalid-table',
    'unsupported',
    'overloaded',
    'not-accepting',
    'unavailable',
  ],
  examples: [
    {
      target: '/api/v1/tables',
      contentType: 'application/json',
      body: JSON.stringify(definition, null, 2),
    },
  ],
};

export const describeTableDocs: RouteDocs = {
  tag: TAG,
  answers: { 200: { description: 'The table', content: json(describedTable, { ...view, status }) } },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: TABLE }],
};

export const listSnapshotsDocs: RouteDocs = {
  tag: TAG,
  answers: {
    200: {
      description: 'Snapshots that are not expired',
      content: json(snapshotList, {
        snapshots: [
          {
            snapshot_id: SNAPSHOT,
            parent_id: null,
            sequence_number: '1',
            committed_at: COMMITTED_AT,
            operation: 'append',
            summary: { 'added-records': '2' },
          },
        ],
      }),
    },
  },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: `${TABLE}/snapshots` }],
};

export const listFilesDocs: RouteDocs = {
  tag: TAG,
  answers: {
    200: {
      description: 'Data files of the current snapshot',
      content: json(fileList, {
        files: [
          {
            file_path: 'file:///var/lib/sluice/warehouse/web/clicks/data/ts_day=2026-11-22/7-0193.parquet',
            record_count: '2',
            file_size_in_bytes: '1043',
            partition: ['2026-11-22'],
          },
        ],
      }),
    },
  },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: `${TABLE}/files` }],
};

export const listCheckpointsDocs: RouteDocs = {
  tag: TAG,
  answers: { 200: { description: 'The latest checkpoints', content: json(checkpointList, checkpoints) } },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: `${TABLE}/checkpoints` }],
};

const FLUSH = 'Answers when the commits have settled; one that failed is listed with its error.';

export const flushTableDocs: RouteDocs = {
  tag: TAG,
  description: FLUSH,
  answers: { 200: { description: 'The checkpoints made', content: json(checkpointList, checkpoints) } },
  problems: ['no-such-table', 'not-accepting', 'unavailable'],
  examples: [{ target: `${TABLE}/actions/flush` }],
};

export const flushAllDocs: RouteDocs = {
  tag: TAG,
  description: FLUSH,
  answers: { 200: { description: 'The checkpoints made', content: json(checkpointList, checkpoints) } },
  problems: ['not-accepting', 'unavailable'],
  examples: [{ target: '/api/v1/actions/flush' }],
};

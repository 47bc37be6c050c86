/** What the API document says of appending records and of positions. */
import * as z from 'zod';
import type { ParameterSchema, RouteDocs } from './route-docs.ts';
import { component, instant, json, tableName, wide } from './route-docs.ts';

const POSITION_PATTERN = '^p[0-9a-f]{32}-(0|[1-9][0-9]{0,18})$';
const POSITION = 'p0123456789abcdef0123456789abcdef-481516';
const SNAPSHOT = '5937117119577207079';
const COMMITTED_AT = '2026-11-22T10:00:05.100Z';

const position = z
  .string()
  .regex(new RegExp(POSITION_PATTERN))
  .describe('Where the records are: ask GET …/positions/{position} what became of them');

const counts = { table: tableName(), accepted: z.int().min(0), rejected: z.int().min(0) };

const durable = component('Durable', z.strictObject({ ...counts, ack: z.literal('durable'), position }));

const committed = component(
  'Committed',
  z.strictObject({
    ...counts,
    ack: z.literal('committed'),
    position,
    snapshot_id: wide('The snapshot that holds the records'),
    committed_at: instant('When it was committed'),
    freshness_ms: z.int().min(0).describe('From the arrival of the body to the commit'),
  }),
);

const nothing = component(
  'Nothing',
  z
    .strictObject({ ...counts, accepted: z.literal(0), ack: z.enum(['durable', 'committed']) })
    .describe('The body held no record'),
);

const valid = component(
  'Valid',
  z.strictObject({ table: tableName(), valid: z.int().min(0).describe('Records that would be taken') }),
);

const duration = (fallback: string): ParameterSchema => ({
  type: 'string',
  pattern: '^[0-9]{1,9}(ms|s|m)$',
  default: fallback,
  examples: ['500ms', '15s', '1m'],
});

const timeout = {
  description: 'How long to wait for the commit, at most `server.limits.max_wait`.',
  schema: duration('15s'),
};

const RECORDS =
  '{"user_id":"u1","ts":"2026-11-22T10:00:00Z","amount":12.5}\n{"user_id":"u2","ts":"2026-11-22T10:00:01Z","amount":"7.00"}';

export const appendDocs: RouteDocs = {
  tag: 'Records',
  description:
    'All records of a request are taken, or none. A 2xx is given only when they are on synced disk: from then on they will be in the table exactly once, whatever crashes.',
  query: {
    ack: {
      description: '`durable`: answer when the records are synced; `committed`: when they are in the table.',
      schema: { enum: ['durable', 'committed'], default: 'durable' },
    },
    timeout,
    dry_run: { description: 'Check only; nothing is written.', schema: { enum: ['true', 'false'], default: 'false' } },
    unknown_fields: {
      description: 'What to do with fields the table does not have.',
      schema: { enum: ['reject', 'ignore'], default: 'reject' },
    },
  },
  headers: {
    'Content-Encoding': {
      description: 'How the body is packed.',
      schema: { enum: ['identity', 'gzip', 'x-gzip', 'zstd'], default: 'identity' },
    },
  },
  body: {
    'application/x-ndjson': {
      schema: { type: 'string', description: 'One JSON object a line.' },
      example: RECORDS,
    },
    'application/json': {
      schema: { oneOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }] },
      example: [{ user_id: 'u1', ts: '2026-11-22T10:00:00Z', amount: 12.5 }],
    },
  },
  answers: {
    200: {
      description: 'In the table; or nothing to write; or, as a dry run, valid',
      content: json(z.union([committed, nothing, valid]), {
        table: 'web.clicks',
        accepted: 2,
        rejected: 0,
        ack: 'committed',
        position: POSITION,
        snapshot_id: SNAPSHOT,
        committed_at: COMMITTED_AT,
        freshness_ms: 412,
      }),
    },
    202: {
      description: 'On synced disk, and will be in the table exactly once',
      content: json(durable, { table: 'web.clicks', accepted: 2, rejected: 0, ack: 'durable', position: POSITION }),
    },
  },
  problems: [
    'invalid-body',
    'no-such-table',
    'body-too-large',
    'unsupported-media-type',
    'invalid-records',
    'unsupported',
    'overloaded',
    'not-accepting',
    'table-stopped',
    'outcome-unknown',
    'unavailable',
  ],
  examples: [
    {
      target: '/api/v1/tables/web.clicks/records?ack=committed&timeout=15s',
      contentType: 'application/x-ndjson',
      body: RECORDS,
    },
    {
      target: '/api/v1/tables/web.clicks/records?dry_run=true',
      contentType: 'application/json',
      body: '[{"user_id":"u3","ts":"2026-11-22T10:00:02Z"}]',
    },
  ],
};

const state = component(
  'PositionState',
  z.union([
    z.strictObject({ table: tableName(), position, state: z.literal('durable') }),
    z.strictObject({
      table: tableName(),
      position,
      state: z.literal('committed'),
      snapshot_id: wide('The snapshot that brought them').optional(),
      committed_at: instant('When it was committed').optional(),
    }),
  ]),
);

export const positionDocs: RouteDocs = {
  tag: 'Records',
  path: {
    position: {
      description: 'As an append answered it.',
      schema: { type: 'string', pattern: POSITION_PATTERN },
    },
  },
  query: {
    wait: {
      description: '`committed`: answer when the records are in the table, or after `timeout` with what holds then.',
      schema: { enum: ['none', 'committed'], default: 'none' },
    },
    timeout,
  },
  answers: {
    200: {
      description: 'What became of them',
      content: json(state, {
        table: 'web.clicks',
        position: POSITION,
        state: 'committed',
        snapshot_id: SNAPSHOT,
        committed_at: COMMITTED_AT,
      }),
    },
  },
  problems: ['no-such-table', 'no-such-position', 'not-accepting', 'unavailable'],
  examples: [{ target: '/api/v1/tables/web.clicks/positions/$POSITION?wait=committed&timeout=30s' }],
};

/** What the API document says of appending records and of positions. */
import * as z from 'zod';
import { CHANNEL_NAME, OFFSET } from './channel-docs.ts';
import { recordErrors } from './problem-docs.ts';
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

/** Members of an answer to a request of which records became dead letters. */
const deadLettered = {
  dead_letter: z
    .strictObject({ table: tableName(), batch: z.string(), position: z.string().describe('In the dead-letter table') })
    .optional(),
  errors: recordErrors.max(100).optional(),
};

const durable = component(
  'Durable',
  z.strictObject({ ...counts, ...deadLettered, ack: z.literal('durable'), position: position.optional() }),
);

const committed = component(
  'Committed',
  z.strictObject({
    ...counts,
    ...deadLettered,
    ack: z.literal('committed'),
    position: position.optional(),
    snapshot_id: wide('The snapshot that holds the records'),
    committed_at: instant('When it was committed'),
    freshness_ms: z.int().min(0).describe('From the arrival of the body to the commit'),
  }),
);

const duplicate = component(
  'Duplicate',
  z
    .strictObject({
      ...counts,
      accepted: z.literal(0),
      duplicate: z.literal(true),
      position: position.optional().describe('Of the first time, as long as it is remembered'),
      ack: z.enum(['durable', 'committed']),
      snapshot_id: wide('The snapshot that holds the records').optional(),
      committed_at: instant('When it was committed').optional(),
    })
    .describe('The records of this channel and offset were stored before'),
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

const REPLAY_HEADERS = {
  'Rejected-Records': {
    description: 'Records that became dead letters, when there are any.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  'Idempotency-Key-Window': {
    description: 'With a key: for how many seconds, and for how many keys of the table, answers are remembered.',
    schema: { type: 'string', examples: ['age=86400, count=10000'] },
  },
  'Idempotency-Replayed': {
    description: '`true` when the answer is that of an earlier request with the key.',
    schema: { type: 'string', enum: ['true'] },
  },
} as const;

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
    on_error: {
      description: 'What to do with records that do not fit; without it, as the table says (`sluice.on-error`).',
      schema: { enum: ['reject', 'dead_letter'] },
    },
    channel: { description: 'An open channel; with `epoch` and `offset`.', schema: CHANNEL_NAME },
    epoch: { description: 'As the opening of the channel answered it.', schema: OFFSET },
    offset: { description: 'Offset of the first record of the request in the channel.', schema: OFFSET },
  },
  headers: {
    'Idempotency-Key': {
      description:
        'One key for each body: the same request again gets the same answer, another body 422. A quoted string or the bare text.',
      schema: {
        type: 'string',
        pattern: '^("[!#-~ ]{1,200}"|[!#-Z^-~]{1,200})$',
        examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
      },
    },
    'Content-Encoding': {
      description: 'How the body is packed.',
      schema: { enum: ['identity', 'gzip', 'x-gzip', 'zstd'], default: 'identity' },
    },
  },
  body: {
    'application/x-ndjson': {
      schema: { description: 'One JSON object a line; no line is no record.' },
      example: RECORDS,
    },
    'application/json': {
      schema: { oneOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }] },
      example: [{ user_id: 'u1', ts: '2026-11-22T10:00:00Z', amount: 12.5 }],
    },
  },
  answers: {
    200: {
      description: 'In the table; or nothing to write; or stored before; or, as a dry run, valid',
      headers: REPLAY_HEADERS,
      content: json(z.union([committed, nothing, valid, duplicate]), {
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
      headers: REPLAY_HEADERS,
      content: json(durable, { table: 'web.clicks', accepted: 2, rejected: 0, ack: 'durable', position: POSITION }),
    },
  },
  problems: [
    'invalid-body',
    'no-such-table',
    'body-too-large',
    'unsupported-media-type',
    'no-such-channel',
    'offset-conflict',
    'stale-epoch',
    'state-lost',
    'key-in-flight',
    'key-reused',
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

/** What the API document says of dead letters. */
import * as z from 'zod';
import { LETTER_STATUSES } from '../../record/dead-letter-table.ts';
import type { ParameterSchema, RouteDocs } from './route-docs.ts';
import { component, json, tableName } from './route-docs.ts';

const TAG = 'Dead letters';
const LETTERS = '/api/v1/tables/web.clicks/dead-letters';
const ID = 'dl_0193f7a0000070008000000000000001-00000002';
const BATCH = 'dl_0193f7a0000070008000000000000001';

const text: ParameterSchema = { type: 'string' };

const letter = component(
  'DeadLetter',
  z.strictObject({
    id: z.string().describe('Sorts by time, then by place in the request'),
    status: z.enum(LETTER_STATUSES),
    batch: z.string().describe('Of the request'),
    received_at: z.string(),
    cause: z.string(),
    code: z.string(),
    pointer: z.string().describe('JSON pointer into the record'),
    expected: z.string().optional(),
    got: z.string().optional(),
    detail: z.string(),
    record: z.int().optional().describe('Number of the record in the request'),
    line: z.int().optional(),
    request_id: z.string().optional(),
    schema_id: z.int().optional(),
    position: z.string().optional().describe('Of a record that had been acknowledged'),
    original: z.string().optional().describe('The bytes as received, when they are text'),
    original_base64: z.string().describe('The bytes as received'),
  }),
);
const example = {
  id: ID,
  status: 'open',
  batch: BATCH,
  received_at: '2026-11-22T10:00:01.000Z',
  cause: 'refused',
  code: 'type_mismatch',
  pointer: '/amount',
  expected: 'decimal(9,2)',
  got: 'string "12,5"',
  detail: 'a decimal is a JSON number or a text that holds one',
  record: 2,
  line: 2,
  original: '{"user_id":"u2","ts":"2026-11-22T10:00:01Z","amount":"12,5"}',
  original_base64: 'eyJ1c2VyX2lkIjoidTIifQ==',
};

const FILTERS = {
  code: { description: 'Only those refused for this.', schema: { ...text, examples: ['type_mismatch'] } },
  batch: { description: 'Only those of this request.', schema: { ...text, examples: [BATCH] } },
  status: {
    description: 'Only those in this state.',
    schema: { enum: [...LETTER_STATUSES, 'any'], default: 'open' },
  },
  after: { description: 'Go on behind this id: `next` of the page before.', schema: text },
  limit: {
    description: 'Most dead letters of the answer.',
    schema: { type: 'integer', minimum: 1, maximum: 1000, default: '20', examples: ['20'] },
  },
} as const;

export const listLettersDocs: RouteDocs = {
  tag: TAG,
  description: 'What is listed is what is committed: one of the last seconds shows up with the next checkpoint.',
  query: FILTERS,
  answers: {
    200: {
      description: 'Counts, and the first of them',
      content: json(
        component(
          'DeadLetterList',
          z.strictObject({
            table: tableName(),
            groups: z.array(z.looseObject({ code: z.string() })),
            dead_letters: z.array(letter),
            next: z.string().optional(),
          }),
        ),
        { table: 'web.clicks', groups: [], dead_letters: [example] },
      ),
    },
  },
  problems: ['no-such-table', 'not-accepting', 'unavailable', 'unsupported'],
  examples: [{ target: `${LETTERS}?code=type_mismatch&limit=20` }],
};

export const exportLettersDocs: RouteDocs = {
  tag: TAG,
  query: FILTERS,
  answers: {
    200: {
      description: 'One dead letter a line; `Next-After` is there when there are more',
      content: {
        'application/x-ndjson': { schema: { type: 'string' }, example: `${JSON.stringify(example)}\n` },
      },
      headers: { 'Next-After': { description: '`after` of the next page.', schema: text } },
    },
  },
  problems: ['no-such-table', 'not-accepting', 'unavailable', 'unsupported'],
  examples: [{ target: `${LETTERS}/export?status=any` }],
};

export const showLetterDocs: RouteDocs = {
  tag: TAG,
  path: { letter: { description: 'Its id.', schema: { ...text, examples: [ID] } } },
  answers: { 200: { description: 'The dead letter', content: json(letter, example) } },
  problems: ['no-such-table', 'no-such-dead-letter', 'not-accepting', 'unavailable', 'unsupported'],
  examples: [{ target: `${LETTERS}/${ID}`, needs: 'a dead letter of this id' }],
};

const selection = {
  ids: z.array(z.string()).max(1000).optional(),
  batch: z.string().optional(),
  code: z.string().optional(),
  all: z.boolean().optional(),
  after: z.string().optional(),
};

const settled = {
  table: tableName(),
  batch: z.string().describe('Names this replay or discard in the marks'),
  position: z.string().optional().describe('Where the replayed records end'),
  kept: z.int().describe('Still no records of the table: they stay open'),
  errors: z.array(z.looseObject({ id: z.string() })),
  next: z.string().optional().describe('There are more: ask again with `after`'),
  interrupted: z.string().optional().describe('Why it ended before its time; what is done is done'),
};

const PROBLEMS = [
  'invalid-body',
  'no-such-table',
  'body-too-large',
  'unsupported-media-type',
  'unsupported',
  'overloaded',
  'not-accepting',
  'table-stopped',
  'unavailable',
] as const;

export const replayLettersDocs: RouteDocs = {
  tag: TAG,
  description:
    'Named by `ids`, `batch` or `code`, or `all`. Each lands once, whatever is interrupted: records and marks are one frame of the log. `patch` is a JSON merge patch for each record.',
  body: {
    'application/json': {
      schema: component('ReplayDeadLetters', z.strictObject({ ...selection, patch: z.looseObject({}).optional() })),
      example: { code: 'type_mismatch', patch: { amount: null } },
    },
  },
  answers: {
    200: {
      description: 'How many are in the table',
      content: json(component('ReplayedDeadLetters', z.strictObject({ ...settled, replayed: z.int() })), {
        table: 'web.clicks',
        batch: BATCH,
        replayed: 1,
        kept: 0,
        errors: [],
      }),
    },
  },
  problems: PROBLEMS,
  examples: [
    {
      target: `${LETTERS}/replay`,
      contentType: 'application/json',
      body: '{"code":"type_mismatch","patch":{"amount":null}}',
    },
  ],
};

export const discardLettersDocs: RouteDocs = {
  tag: TAG,
  description: 'Named by `ids`, `batch` or `code`, or `all`. Nothing is deleted: a mark is a further row.',
  body: {
    'application/json': {
      schema: component('DiscardDeadLetters', z.strictObject(selection)),
      example: { batch: BATCH },
    },
  },
  answers: {
    200: {
      description: 'How many are done with',
      content: json(component('DiscardedDeadLetters', z.strictObject({ ...settled, discarded: z.int() })), {
        table: 'web.clicks',
        batch: BATCH,
        discarded: 1,
        kept: 0,
        errors: [],
      }),
    },
  },
  problems: PROBLEMS,
  examples: [{ target: `${LETTERS}/discard`, contentType: 'application/json', body: `{"batch":"${BATCH}"}` }],
};

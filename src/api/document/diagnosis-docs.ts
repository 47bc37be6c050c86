/** What the API document says of diagnosis and health. Members of findings are told where they are made (docs of `sluice doctor`). */
import * as z from 'zod';
import { HEALTH_CAUSES } from '../../contracts/health.ts';
import type { RouteDocs } from './route-docs.ts';
import { component, instant, json, tableName, wide } from './route-docs.ts';

const TAG = 'Operations';

export const DEFAULT_POINTS = 100;
export const MOST_POINTS = 1_000;

export const diagnoseDocs: RouteDocs = {
  tag: TAG,
  query: {
    table: { description: 'Only this table.', schema: { type: 'string', examples: ['web.clicks'] } },
  },
  answers: {
    200: { description: 'Findings, worst first', content: json(component('Diagnosis', z.looseObject({})), {}) },
  },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: '/api/v1/diagnose' }],
};

const cause = z.enum(HEALTH_CAUSES);
const evidence = component(
  'Evidence',
  z.strictObject({
    name: z.string(),
    value: z.union([z.number(), z.string()]),
    unit: z.string().describe('bytes, seconds, records, % …; empty for plain counts'),
    threshold: z.number().optional().describe('From here on the rule speaks'),
  }),
);

const count = z.int().min(0);
const health = component(
  'Health',
  z.strictObject({
    table: tableName(),
    score: z.int().min(0).max(100).describe('100 is healthy'),
    factors: z
      .array(
        z.strictObject({
          cause,
          lost: z.int().describe('Points of the hundred'),
          value: z.number(),
          fine_up_to: z.number().describe('Up to here nothing is lost'),
          evidence: z.array(evidence),
          try: z.string().describe('What mends it'),
          command: z.string().describe('The command that mends it; where none does, the one that shows what to change'),
        }),
      )
      .describe('What takes points, worst first'),
    measured_at: instant('When the table was looked at'),
    snapshot_id: wide('The snapshot that was looked at').nullable(),
    files: count,
    sampled_files: count.describe('Files whose sizes and partitions were read; they stand for the rest'),
    bytes: wide('Bytes of data files'),
    records: wide('Rows of data files'),
    target_file_bytes: wide('The size that new files aim at'),
    small_files: count.describe('Below a quarter of the target'),
    sparable_files: count.describe('Small files that a compaction could do without'),
    partitions: z.strictObject({
      count,
      largest_bytes: wide('Bytes of the largest'),
      median_bytes: wide('Bytes of the median one'),
    }),
    delete_files: count,
    delete_rows: wide('Rows of delete files'),
    manifests: count,
    snapshots: count,
    metadata_bytes: wide('Bytes of the metadata file'),
  }),
);

export const healthDocs: RouteDocs = {
  tag: TAG,
  description: 'A look at the table is at most a few seconds old.',
  answers: {
    200: {
      description: 'The score and its reasons',
      content: json(health, {
        table: 'web.clicks',
        score: 88,
        factors: [
          {
            cause: 'small-files',
            lost: 12,
            value: 0.41,
            fine_up_to: 0.2,
            evidence: [{ name: 'files a compaction would spare', value: 41, unit: '' }],
            try: 'merge them; a longer `checkpoint.interval` makes fewer',
            command: 'sluice compact web.clicks',
          },
        ],
        measured_at: '2026-11-25T10:00:00.000Z',
        snapshot_id: '3051729675574597004',
        files: 100,
        sampled_files: 100,
        bytes: '1073741824',
        records: '1000000',
        target_file_bytes: '268435456',
        small_files: 52,
        sparable_files: 41,
        partitions: { count: 2, largest_bytes: '536870912', median_bytes: '536870912' },
        delete_files: 0,
        delete_rows: '0',
        manifests: 3,
        snapshots: 120,
        metadata_bytes: '81920',
      }),
    },
  },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: '/api/v1/tables/web.clicks/health' }],
};

const history = component(
  'HealthHistory',
  z.strictObject({
    table: tableName(),
    points: z.array(
      z.strictObject({
        at: instant('When the table was looked at'),
        score: z.int().min(0).max(100),
        lost: z.partialRecord(cause, z.int()).describe('Points by cause; only those that took any'),
        files: count,
        small_files: count,
        delete_files: count,
        manifests: count,
        snapshots: count,
      }),
    ),
  }),
);

export const healthHistoryDocs: RouteDocs = {
  tag: TAG,
  description:
    'Kept in the data directory of the daemon, over restarts: a point when the score has moved by five or more, and one an hour. The oldest points of all tables together go when their file is full (40,000 and more).',
  query: {
    limit: {
      description: `At most so many, 1 to ${MOST_POINTS}.`,
      schema: { type: 'integer', minimum: 1, maximum: MOST_POINTS, default: String(DEFAULT_POINTS), examples: ['10'] },
    },
  },
  answers: {
    200: {
      description: 'The points, latest first',
      content: json(history, {
        table: 'web.clicks',
        points: [
          {
            at: '2026-11-25T10:00:00.000Z',
            score: 88,
            lost: { 'small-files': 12 },
            files: 100,
            small_files: 52,
            delete_files: 0,
            manifests: 3,
            snapshots: 120,
          },
        ],
      }),
    },
  },
  problems: ['no-such-table', 'unavailable', 'invalid-request'],
  examples: [{ target: '/api/v1/tables/web.clicks/health/history?limit=10' }],
};

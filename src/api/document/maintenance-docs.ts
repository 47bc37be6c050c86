/** What the API document says of maintenance and its jobs. */
import * as z from 'zod';
import { JOB_KINDS, type JobKind } from '../../contracts/maintenance-port.ts';
import { STRATEGIES } from '../arrangement-query.ts';
import type { RouteDocs } from './route-docs.ts';
import { component, instant, json, serverSentEvent, tableName, wide } from './route-docs.ts';

const TAG = 'Maintenance';
const TABLE = '/api/v1/tables/web.clicks';

const figures = component(
  'Figures',
  z
    .record(z.string(), z.union([z.number(), wide('Of 64-bit figures')]))
    .describe('Figures by name, such as files and bytes'),
);
const estimate = component('Estimate', z.strictObject({ table: tableName(), kind: z.string(), estimate: figures }));
const job = component(
  'Job',
  z.strictObject({
    job: z.string(),
    table: tableName(),
    kind: z.enum(JOB_KINDS),
    trigger: z
      .enum(['schedule', 'threshold', 'request'])
      .describe('threshold: a figure of the table crossed a setting'),
    reason: z.string().optional().describe('What the schedule or a threshold saw'),
    strategy: z
      .enum(['sort', 'z-order'])
      .optional()
      .describe('Of a compaction that arranges all rows; absent where files are merged by size'),
    columns: z
      .array(z.string())
      .optional()
      .describe('With strategy: what rows are arranged by; empty: the sort order of the table'),
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    created_at: instant('When it was asked for'),
    started_at: instant('When it began').optional(),
    ended_at: instant('When it ended').optional(),
    progress: z
      .strictObject({ done: z.number(), total: z.number(), unit: z.enum(['bytes', 'objects']) })
      .describe('total is 0 until it is known'),
    estimate: figures.describe('Empty where the estimate costs as much as the work: ask for it with dry_run'),
    result: figures.optional().describe('What it cost and gained'),
    error: z.string().optional().describe('Why it failed, or who cancelled it'),
    log: z
      .array(z.strictObject({ at: instant('When'), line: z.string() }))
      .optional()
      .describe('Its latest lines; not in lists'),
  }),
);
const jobs = component('Jobs', z.strictObject({ jobs: z.array(job) }));

const shown = {
  job: 'job_0193f7a0-0000-7000-8000-00000000000a',
  table: 'web.clicks',
  kind: 'compact',
  trigger: 'request',
  state: 'running',
  created_at: '2026-11-25T10:00:00.000Z',
  progress: { done: 0, total: 0, unit: 'bytes' },
  estimate: {
    groups: 1,
    files: 12,
    files_after: 1,
    files_saved: 11,
    bytes: '24576',
    bytes_saved: '2048',
    rows_deleted: '0',
    delete_files_removed: 0,
    seconds: 0.1,
  },
};

const arranging: RouteDocs['query'] = {
  strategy: {
    description:
      '`bin-pack`: files are chosen by size and deletes. `sort` and `z-order`: every file is written anew, its rows arranged by the columns. ' +
      'Where columns are named `sort` is the default.',
    schema: { enum: [...STRATEGIES], default: 'bin-pack', examples: ['sort'] },
  },
  columns: {
    description:
      'Separated by commas; a member of a struct by its dotted name. For `sort` each may be followed by `:asc` or `:desc` and `:nulls-first` ' +
      'or `:nulls-last`; without columns the sort order of the table is taken. For `z-order` two to eight.',
    schema: { type: 'string', examples: ['user_id,at:desc:nulls-last'] },
  },
};

const actionDocs = (kind: JobKind, described: object): RouteDocs => ({
  tag: TAG,
  description:
    'Answers at once; the job goes on. The one that waits or runs for the table already is answered if there is one.',
  query: {
    dry_run: {
      description: 'Estimate only: nothing is changed.',
      schema: { enum: ['true', 'false'], default: 'false', examples: ['true'] },
    },
    ...(kind === 'compact' ? arranging : {}),
  },
  answers: {
    200: {
      description: 'The estimate of a dry run',
      content: json(estimate, { table: 'web.clicks', kind, estimate: described }),
    },
    202: {
      description: 'The job',
      content: json(job, { ...shown, kind, estimate: described }),
      headers: { location: { description: 'Where the job is.', schema: { type: 'string' } } },
    },
  },
  problems: [
    ...(kind === 'compact' ? (['invalid-request'] as const) : []),
    'no-such-table',
    'unsupported',
    'unavailable',
  ],
  examples: [
    { target: `${TABLE}/actions/${kind}?dry_run=true` },
    { target: `${TABLE}/actions/${kind}` },
    ...(kind === 'compact'
      ? [{ target: `${TABLE}/actions/compact?strategy=z-order&columns=user_id,at`, needs: 'columns of these names' }]
      : []),
  ],
});

export const maintenanceDocs = {
  compact: actionDocs('compact', shown.estimate),
  'expire-snapshots': actionDocs('expire-snapshots', { snapshots: 12, refs: 0 }),
  'rewrite-manifests': actionDocs('rewrite-manifests', { groups: 1, manifests: 80, bytes: '524288' }),
  'remove-orphans': actionDocs('remove-orphans', { objects: 4096, orphans: 7, bytes: '917504', too_young: 2 }),
} as const;

const rollback = component(
  'Rollback',
  z.strictObject({
    table: tableName(),
    dry_run: z.boolean().describe('Whether nothing was done'),
    from: wide('Snapshot that main was'),
    to: wide('Snapshot that main is'),
    snapshots: z.number().describe('How many leave main; 0: it was there already'),
    rows: z.number().optional().describe('Rows that leave the table; negative when they come back'),
  }),
);

export const rollbackDocs: RouteDocs = {
  tag: TAG,
  description:
    'Progress does not move: records that were in the snapshots that leave are not written again. Ingestion goes on on top of the earlier snapshot.',
  query: {
    to: {
      description: 'Id of a snapshot in the history of main.',
      required: true,
      schema: { type: 'string', examples: ['3051729675574597004'] },
    },
    dry_run: {
      description: 'Say what it would do: nothing is changed.',
      schema: { enum: ['true', 'false'], default: 'false', examples: ['true'] },
    },
  },
  answers: {
    200: {
      description: 'What was done, or would be',
      content: json(rollback, {
        table: 'web.clicks',
        dry_run: false,
        from: '6128397450912837465',
        to: '3051729675574597004',
        snapshots: 2,
        rows: 1200,
      }),
    },
  },
  problems: ['invalid-request', 'no-such-table', 'rollback-refused', 'unsupported', 'unavailable'],
  examples: [{ target: `${TABLE}/actions/rollback?to=3051729675574597004&dry_run=true`, needs: 'a snapshot' }],
};

export const jobListDocs: RouteDocs = {
  tag: TAG,
  description:
    'Newest first, of tables the caller may maintain. The last 200 ended jobs are remembered, over restarts.',
  query: { table: { description: 'Only jobs of this table.', schema: { type: 'string', examples: ['web.clicks'] } } },
  answers: { 200: { description: 'The jobs', content: json(jobs, { jobs: [shown] }) } },
  problems: [],
  examples: [{ target: '/api/v1/jobs' }],
};

const path = { job: { description: 'Id of a job.', schema: { type: 'string', examples: [shown.job] } } } as const;
const NEEDS = 'a job';

export const jobDocs: RouteDocs = {
  tag: TAG,
  path,
  answers: { 200: { description: 'The job with its log', content: json(job, shown) } },
  problems: ['no-such-job'],
  examples: [{ target: `/api/v1/jobs/${shown.job}`, needs: NEEDS }],
};

export const jobEventDocs: RouteDocs = {
  tag: TAG,
  description:
    'First `job` with its log; then `job` without it for every change, and `log` for every new line. The answer ends when the job has.',
  path,
  headers: { 'Last-Event-ID': { description: 'Sent by readers that come back.', schema: { type: 'string' } } },
  answers: {
    200: {
      description: 'Server-sent events',
      content: {
        'text/event-stream': {
          schema: serverSentEvent,
          example:
            'id: 1\nevent: job\ndata: {"job":"job_0193f7a0-0000-7000-8000-00000000000a","state":"running","progress":{"done":0,"total":24576,"unit":"bytes"}}\n\n',
        },
      },
    },
    204: { description: 'The reader came back, and the job has ended: it is to stay away', content: {} },
  },
  problems: ['no-such-job', 'overloaded'],
  examples: [{ target: `/api/v1/jobs/${shown.job}/events`, needs: NEEDS }],
};

export const cancelDocs: RouteDocs = {
  tag: TAG,
  description: 'It ends at the next safe point; what it has committed stays.',
  path,
  answers: { 202: { description: 'The job as it is', content: json(job, shown) } },
  problems: ['no-such-job'],
  examples: [{ target: `/api/v1/jobs/${shown.job}`, needs: NEEDS }],
};

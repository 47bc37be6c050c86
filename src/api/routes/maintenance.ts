/** Maintenance on request: what it would do, jobs started, watched and cancelled. */
import type { FastifyRequest } from 'fastify';
import type { Job, JobKind } from '../../contracts/maintenance-port.ts';
import { JOB_KINDS } from '../../contracts/maintenance-port.ts';
import { formatTableName, snapshotId } from '../../core/ids.ts';
import { ARRANGEMENT_PARAMETERS, arrangementOf } from '../arrangement-query.ts';
import type { ApiContext } from '../context.ts';
import {
  cancelDocs,
  jobDocs,
  jobEventDocs,
  rollbackDocs,
  jobListDocs,
  maintenanceDocs,
} from '../document/maintenance-docs.ts';
import { mayAccess, requireAccess } from '../guard.ts';
import { ProblemError } from '../problems.ts';
import { QueryParameters } from '../query-parameters.ts';
import { tableOf } from '../requests.ts';
import { TABLE, type Handler, type Route } from '../route.ts';
import { followJob } from '../job-events.ts';
import { figuresJson, jobJson } from '../job-wire.ts';
import { json } from '../wire.ts';

const JOBS = '/api/v1/jobs';

const SUMMARIES: Readonly<Record<JobKind, string>> = {
  compact:
    'Merge small files, split large ones and apply deletes, or arrange all rows anew; with dry_run, say what that would do',
  'expire-snapshots': 'Forget old snapshots and delete what only they need; with dry_run, say what that would do',
  'rewrite-manifests': 'Cluster manifests by partition; with dry_run, say what that would do',
  'remove-orphans':
    'List files that nothing reaches, and delete those listed long enough; with dry_run, say what is found',
};

export const maintenanceRoutes = (context: ApiContext): readonly Route[] => [
  ...JOB_KINDS.map((kind): Route => ({
    method: 'POST',
    path: `${TABLE}/actions/${kind}`,
    access: 'maintain',
    summary: SUMMARIES[kind],
    handler: act(context, kind),
    docs: maintenanceDocs[kind],
  })),
  {
    method: 'POST',
    path: `${TABLE}/actions/rollback`,
    access: 'admin',
    summary: 'Set a table back to an earlier snapshot; with dry_run, say what that would do',
    handler: rollBack(context),
    docs: rollbackDocs,
  },
  {
    method: 'GET',
    path: JOBS,
    access: 'maintain',
    narrows: true,
    summary: 'List maintenance jobs',
    handler: listJobs(context),
    docs: jobListDocs,
  },
  {
    method: 'GET',
    path: `${JOBS}/:job`,
    access: 'maintain',
    narrows: true,
    summary: 'Describe a maintenance job with its log',
    handler: showJob(context),
    docs: jobDocs,
  },
  {
    method: 'GET',
    path: `${JOBS}/:job/events`,
    access: 'maintain',
    narrows: true,
    summary: 'Follow a maintenance job to its end as server-sent events',
    subscription: true,
    handler: followJob(context, (request) => jobFor(context, request)),
    docs: jobEventDocs,
  },
  {
    method: 'DELETE',
    path: `${JOBS}/:job`,
    access: 'maintain',
    narrows: true,
    summary: 'Cancel a maintenance job',
    handler: cancelJob(context),
    docs: cancelDocs,
  },
];

/** 202 with the job; 200 with the estimate of a dry run. */
const act =
  (context: ApiContext, kind: JobKind): Handler =>
  async (request, reply) => {
    const known = kind === 'compact' ? ['dry_run', ...ARRANGEMENT_PARAMETERS] : ['dry_run'];
    const parameters = new QueryParameters(request.query, known);
    const arrangement = kind === 'compact' ? arrangementOf(parameters) : undefined;
    const table = tableOf(request);
    if (parameters.flag('dry_run')) {
      const estimate = found(request, await context.maintenance.estimate(kind, table, arrangement));
      return json(reply, 200, { table: formatTableName(table), kind, estimate: figuresJson(estimate) });
    }
    const job = found(request, await context.maintenance.start(kind, table, arrangement));
    return json(reply.header('location', `${JOBS}/${job.id}`), 202, jobJson(job));
  };

const rollBack =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const parameters = new QueryParameters(request.query, ['to', 'dry_run']);
    const [to, dry] = [parameters.text('to'), parameters.flag('dry_run')];
    if (to === undefined)
      throw new ProblemError('invalid-request', 'query parameter "to" is missing: the id of a snapshot');
    if (!/^\d{1,19}$/.test(to))
      throw new ProblemError('invalid-request', 'query parameter "to" is not the id of a snapshot', {
        extras: { parameter: 'to' },
      });
    const table = tableOf(request);
    const answer = found(request, await context.maintenance.rollBack(table, snapshotId(BigInt(to)), dry));
    if (answer.kind !== 'rolled-back')
      throw new ProblemError('rollback-refused', REFUSED[answer.kind], { extras: { table: formatTableName(table) } });
    const { from, snapshots, rows } = answer;
    return json(reply, 200, {
      table: formatTableName(table),
      dry_run: dry,
      from,
      to: answer.to,
      snapshots,
      ...(rows === undefined ? {} : { rows }),
    });
  };

const REFUSED = {
  'not-an-ancestor': 'the snapshot is not in the history of the main branch',
  moved: 'somebody else changed the table in the same moment; nothing was done',
} as const;

const listJobs =
  (context: ApiContext): Handler =>
  (request, reply) => {
    const only = new QueryParameters(request.query, ['table']).text('table');
    const jobs = context.maintenance
      .jobs()
      .filter(({ table }) => only === undefined || formatTableName(table) === only)
      .filter(({ table }) => mayAccess(request, 'maintain', table));
    return json(reply, 200, { jobs: jobs.map(({ log: _log, ...job }) => jobJson(job)) });
  };

const showJob =
  (context: ApiContext): Handler =>
  (request, reply) => {
    noParameters(request);
    return json(reply, 200, jobJson(jobFor(context, request)));
  };

const cancelJob =
  (context: ApiContext): Handler =>
  (request, reply) => {
    noParameters(request);
    const { id } = jobFor(context, request);
    return json(reply, 202, jobJson(known(context.maintenance.cancel(id))));
  };

/** The job that the path names, if its table is one the caller may maintain. */
function jobFor(context: ApiContext, request: FastifyRequest): Job {
  const job = known(context.maintenance.job((request.params as { readonly job: string }).job));
  requireAccess(request, 'maintain', job.table);
  return job;
}

const noParameters = (request: FastifyRequest): QueryParameters => new QueryParameters(request.query, []);

function known(job: Job | undefined): Job {
  if (job !== undefined) return job;
  throw new ProblemError('no-such-job', `the daemon remembers no such job; GET ${JOBS} lists those it does`);
}

function found<T>(request: FastifyRequest, value: T | undefined): T {
  if (value !== undefined) return value;
  const table = formatTableName(tableOf(request));
  throw new ProblemError('no-such-table', `table "${table}" does not exist; GET /api/v1/tables lists what does`, {
    extras: { table },
  });
}

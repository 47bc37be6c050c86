/**
 * How the daemon and its tables do, with reasons and remedies. Both need `read`: what they tell is of the kind that `/metrics` and the list
 * of tables tell, figures and names but no records, and the person on call who needs it at night should not need to hold `admin`. A caller
 * who may read some tables hears of those, and of the daemon itself.
 */
import type { FastifyRequest } from 'fastify';
import { formatTableName } from '../../core/ids.ts';
import { parseTableName } from '../../record/table-name.ts';
import type { ApiContext } from '../context.ts';
import {
  DEFAULT_POINTS,
  MOST_POINTS,
  diagnoseDocs,
  healthDocs,
  healthHistoryDocs,
} from '../document/diagnosis-docs.ts';
import { diagnosisJson, healthHistoryJson, healthJson } from '../diagnosis-wire.ts';
import { mayAccess, requireAccess } from '../guard.ts';
import { ProblemError } from '../problems.ts';
import { QueryParameters } from '../query-parameters.ts';
import { tableOf } from '../requests.ts';
import { TABLE, type Handler, type Route } from '../route.ts';
import { json } from '../wire.ts';

export const diagnosisRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: '/api/v1/diagnose',
    access: 'read',
    narrows: true,
    summary: 'Diagnose the daemon and its tables, or one table: findings with evidence and remedies, worst first',
    handler: diagnose(context),
    docs: diagnoseDocs,
  },
  {
    method: 'GET',
    path: `${TABLE}/health`,
    access: 'read',
    summary: 'Score the files and metadata of a table from 0 to 100, with what takes points',
    handler: health(context),
    docs: healthDocs,
  },
  {
    method: 'GET',
    path: `${TABLE}/health/history`,
    access: 'read',
    summary: 'List what the health of a table was, latest first',
    handler: healthHistory(context),
    docs: healthHistoryDocs,
  },
];

const diagnose =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const name = new QueryParameters(request.query, ['table']).text('table');
    const table = name === undefined ? undefined : parseTableName(name);
    if (name !== undefined && table === undefined) throw noSuchTable(name);
    if (table !== undefined) requireAccess(request, 'read', table);
    const diagnosis = await context.diagnosis.diagnose(table, (other) => mayAccess(request, 'read', other));
    if (diagnosis === undefined) throw noSuchTable(name ?? '');
    return json(reply, 200, diagnosisJson(diagnosis));
  };

const health =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const table = tableOf(request);
    const name = formatTableName(table);
    const found = await context.diagnosis.health(table);
    if (found === undefined) throw noSuchTable(name);
    return json(reply, 200, healthJson(name, found.health, found.survey));
  };

const healthHistory =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const limit = new QueryParameters(request.query, ['limit']).count('limit', DEFAULT_POINTS, MOST_POINTS);
    const table = tableOf(request);
    const points = await context.diagnosis.healthHistory(table, limit);
    if (points === undefined) throw noSuchTable(formatTableName(table));
    return json(reply, 200, healthHistoryJson(formatTableName(table), points));
  };

const noParameters = (request: FastifyRequest): QueryParameters => new QueryParameters(request.query, []);

const noSuchTable = (table: string): ProblemError =>
  new ProblemError('no-such-table', `table "${table}" does not exist; GET /api/v1/tables lists what does`, {
    extras: { table },
  });

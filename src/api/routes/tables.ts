/** Creating, listing and describing tables, their snapshots, files and checkpoints. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatTableName } from '../../core/ids.ts';
import type { ApiContext } from '../context.ts';
import { ProblemError } from '../problems.ts';
import { QueryParameters } from '../query-parameters.ts';
import { jsonBodyOf, tableOf } from '../requests.ts';
import { definitionOf, differences } from '../table-definition.ts';
import { checkpointJson, fileJson, json, snapshotJson, statusJson, viewJson } from '../wire.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<string>;

/** 201 when created; 200 when the same table is there already, so that a retry is harmless; 409 when a different one is. */
export const createTable =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const definition = definitionOf(await jsonBodyOf(request, context));
    const { kind, view } = await context.control.createTable(definition);
    const name = formatTableName(definition.name);
    if (kind === 'exists') {
      const differing = differences(definition, view);
      if (differing.length > 0)
        throw new ProblemError('table-exists', `table "${name}" exists and differs: ${differing.join('; ')}`, {
          extras: { table: name, differences: differing },
        });
    }
    return json(
      reply.header('location', `/api/v1/tables/${encodeURIComponent(name)}`),
      kind === 'created' ? 201 : 200,
      viewJson(view),
    );
  };

export const listTables =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    return json(reply, 200, { tables: (await context.control.tables()).map(statusJson) });
  };

export const describeTable =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const { view, status } = found(request, await context.control.describe(tableOf(request)));
    return json(reply, 200, { ...viewJson(view), status: statusJson(status) });
  };

export const listSnapshots =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const snapshots = found(request, await context.control.snapshots(tableOf(request)));
    return json(reply, 200, { snapshots: snapshots.map(snapshotJson) });
  };

export const listFiles =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const files = found(request, await context.control.files(tableOf(request)));
    return json(reply, 200, { files: files.map(fileJson) });
  };

export const listCheckpoints =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const table = tableOf(request);
    found(request, await context.control.describe(table));
    return json(reply, 200, { checkpoints: (await context.control.checkpoints(table)).map(checkpointJson) });
  };

/** Cuts now and answers when the commits have settled. One that failed is in the answer with its error. */
export const flushTable =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const table = tableOf(request);
    found(request, await context.control.describe(table));
    return json(reply, 200, { checkpoints: (await context.control.checkpoint(table)).map(checkpointJson) });
  };

export const flushAll =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    return json(reply, 200, { checkpoints: (await context.control.checkpoint()).map(checkpointJson) });
  };

const noParameters = (request: FastifyRequest): QueryParameters => new QueryParameters(request.query, []);

function found<T>(request: FastifyRequest, value: T | undefined): T {
  if (value !== undefined) return value;
  const table = formatTableName(tableOf(request));
  throw new ProblemError('no-such-table', `table "${table}" does not exist; GET /api/v1/tables lists what does`, {
    extras: { table },
  });
}

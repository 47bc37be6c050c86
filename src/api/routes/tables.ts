/** Creating, listing and describing tables, their snapshots, files and checkpoints. */
import { formatTableName } from '../../core/ids.ts';
import type { ApiContext } from '../context.ts';
import {
  createTableDocs,
  describeTableDocs,
  flushAllDocs,
  flushTableDocs,
  listCheckpointsDocs,
  listFilesDocs,
  listSnapshotsDocs,
  listTablesDocs,
} from '../document/table-docs.ts';
import { mayAccess, requireAccess } from '../guard.ts';
import { ProblemError } from '../problems.ts';
import { found, jsonBodyOf, noParameters, tableOf } from '../requests.ts';
import { TABLE, TABLES, type Handler, type Route } from '../route.ts';
import { definitionOf, differences } from '../table-definition.ts';
import { checkpointJson, fileJson, json, snapshotJson, statusJson, viewJson } from '../wire.ts';

export const tableRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: TABLES,
    access: 'read',
    narrows: true,
    summary: 'List tables with their state',
    handler: listTables(context),
    docs: listTablesDocs,
  },
  {
    method: 'POST',
    path: TABLES,
    access: 'admin',
    narrows: true,
    summary: 'Create a table',
    handler: createTable(context),
    docs: createTableDocs,
  },
  {
    method: 'GET',
    path: TABLE,
    access: 'read',
    summary: 'Describe a table: schema, partitions, properties, state',
    handler: describeTable(context),
    docs: describeTableDocs,
  },
  {
    method: 'GET',
    path: `${TABLE}/snapshots`,
    access: 'read',
    summary: 'List the snapshots of a table',
    handler: listSnapshots(context),
    docs: listSnapshotsDocs,
  },
  {
    method: 'GET',
    path: `${TABLE}/files`,
    access: 'read',
    summary: 'List the data files of the current snapshot',
    handler: listFiles(context),
    docs: listFilesDocs,
  },
  {
    method: 'GET',
    path: `${TABLE}/checkpoints`,
    access: 'read',
    summary: 'List the latest checkpoints of a table',
    handler: listCheckpoints(context),
    docs: listCheckpointsDocs,
  },
  {
    method: 'POST',
    path: `${TABLE}/actions/flush`,
    access: 'maintain',
    summary: 'Checkpoint a table now',
    handler: flushTable(context),
    docs: flushTableDocs,
  },
  {
    method: 'POST',
    path: '/api/v1/actions/flush',
    access: 'maintain',
    summary: 'Checkpoint every table now',
    handler: flushAll(context),
    docs: flushAllDocs,
  },
];

/** 201 when created; 200 when the same table is there already, so that a retry is harmless; 409 when a different one is. */
const createTable =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const definition = definitionOf(await jsonBodyOf(request, context), context.settings.maxColumns);
    requireAccess(request, 'admin', definition.name);
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

const listTables =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const shown = (await context.control.tables()).filter(({ name }) => mayAccess(request, 'read', name));
    return json(reply, 200, { tables: shown.map(statusJson) });
  };

const describeTable =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const { view, status } = found(request, await context.control.describe(tableOf(request)));
    return json(reply, 200, { ...viewJson(view), status: statusJson(status) });
  };

const listSnapshots =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const snapshots = found(request, await context.control.snapshots(tableOf(request)));
    return json(reply, 200, { snapshots: snapshots.map(snapshotJson) });
  };

const listFiles =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const files = found(request, await context.control.files(tableOf(request)));
    return json(reply, 200, { files: files.map(fileJson) });
  };

const listCheckpoints =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const table = tableOf(request);
    found(request, await context.control.describe(table));
    return json(reply, 200, { checkpoints: (await context.control.checkpoints(table)).map(checkpointJson) });
  };

/** Cuts now and answers when the commits have settled. One that failed is in the answer with its error. */
const flushTable =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const table = tableOf(request);
    found(request, await context.control.describe(table));
    return json(reply, 200, { checkpoints: (await context.control.checkpoint(table)).map(checkpointJson) });
  };

const flushAll =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    return json(reply, 200, { checkpoints: (await context.control.checkpoint()).map(checkpointJson) });
  };

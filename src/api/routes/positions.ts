/** `GET /api/v1/tables/{ns}.{table}/positions/{p}`: what became of a record. */
import { formatTableName } from '../../core/ids.ts';
import type { ApiContext } from '../context.ts';
import { positionDocs } from '../document/record-docs.ts';
import { formatPosition, parsePosition } from '../position-text.ts';
import { ProblemError } from '../problems.ts';
import { QueryParameters } from '../query-parameters.ts';
import { tableOf } from '../requests.ts';
import { TABLE, type Handler, type Route } from '../route.ts';
import { withDeadline } from '../waiting.ts';
import { isoTime, json } from '../wire.ts';

const DEFAULT_WAIT_MS = 15_000;

export const positionRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: `${TABLE}/positions/:position`,
    access: 'read',
    summary: 'What became of the records up to a position',
    handler: showPosition(context),
    docs: positionDocs,
  },
];

const showPosition =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const table = tableOf(request);
    const text = (request.params as { readonly position: string }).position;
    const position = parsePosition(text);
    if (position === undefined)
      throw new ProblemError(
        'invalid-request',
        `"${text}" is not a position; one is p<lane>-<offset> as an append answered it`,
      );
    const query = new QueryParameters(request.query, ['wait', 'timeout']);
    const wait = query.word('wait', ['none', 'committed'], 'none');
    const waitMs = query.duration('timeout', DEFAULT_WAIT_MS, context.settings.maxWaitMs);
    const state =
      wait === 'none'
        ? await context.ingest.position(table, position)
        : await withDeadline(context.runtime.clock, waitMs, (signal) =>
            context.ingest.awaitPosition(table, position, signal),
          );
    const common = { table: formatTableName(table), position: formatPosition(position) };
    switch (state.kind) {
      case 'unknown-position':
        throw new ProblemError('no-such-position', 'the position is not one of this table and service', {
          extras: common,
        });
      case 'durable':
        return json(reply, 200, { ...common, state: 'durable' });
      case 'committed':
        return json(reply, 200, {
          ...common,
          state: 'committed',
          ...(state.snapshot === undefined ? {} : { snapshot_id: state.snapshot }),
          ...(state.at === undefined ? {} : { committed_at: isoTime(state.at) }),
        });
    }
  };

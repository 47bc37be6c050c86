/** `GET /api/v1/events`: what happens, as server-sent events. Owns the filter and the wire names; the stream is `event-stream.ts`. */
import type { FastifyRequest } from 'fastify';
import type { StampedEvent } from '../../contracts/events.ts';
import { formatTableName } from '../../core/ids.ts';
import { parseTableName } from '../../record/table-name.ts';
import type { ApiContext } from '../context.ts';
import { eventDocs } from '../document/event-docs.ts';
import { EVENT_STREAM, openEventStream } from '../event-stream.ts';
import { mayAccess } from '../guard.ts';
import { ProblemError } from '../problems.ts';
import { QueryParameters } from '../query-parameters.ts';
import type { Handler, Route } from '../route.ts';
import { isoTime, toJson } from '../wire.ts';

const READERS_RETRY_MS = 10_000;

export const eventRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: '/api/v1/events',
    access: 'read',
    narrows: true,
    summary: 'Follow checkpoints, states of tables and the service as server-sent events',
    subscription: true,
    handler: followEvents(context),
    docs: eventDocs,
  },
];

const followEvents =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const query = new QueryParameters(request.query, ['table', 'after']);
    const only = tableFilter(query.text('table'));
    // EventSource sends the header when it comes back; the parameter is for the first time, and for curl.
    const header = request.headers['last-event-id'];
    const after = typeof header === 'string' && header !== '' ? header : query.text('after');

    if (request.method === 'HEAD') {
      reply.header('content-type', EVENT_STREAM);
      return '';
    }
    const wanted = ({ event }: StampedEvent): boolean =>
      !('table' in event) || ((only === undefined || event.table === only) && mayRead(request, event.table));
    const waiting: (() => void)[] = [];
    let deliver = (step: () => void): void => void waiting.push(step);
    let stream: ReturnType<typeof openEventStream> | undefined;
    const subscription = context.events.subscribe(after, {
      onEvent: (event) => {
        if (wanted(event)) deliver(() => stream?.send(event.event.type, eventJson(event), event.id));
      },
      onMissed: (count) => deliver(() => stream?.send('events.missed', toJson({ count: count ?? null }))),
      onEnd: () => deliver(() => stream?.end()),
    });
    if (subscription.kind === 'full')
      throw new ProblemError('overloaded', 'as many readers as are allowed follow the events', {
        extras: { scope: 'events' },
        retryAfterMs: READERS_RETRY_MS,
      });
    reply.hijack();
    stream = openEventStream(reply.raw, context.runtime.clock, {
      onClosed: subscription.cancel,
      onDropped: () => context.metrics.eventReaderDropped(),
    });
    deliver = (step) => step();
    for (const step of waiting) step();
    return '';
  };

/** A key may be good for some tables only. */
function mayRead(request: FastifyRequest, text: string): boolean {
  const table = parseTableName(text);
  return table !== undefined && mayAccess(request, 'read', table);
}

/** Events of the service concern every table. */
function tableFilter(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const table = parseTableName(text);
  if (table === undefined)
    throw new ProblemError('invalid-request', `"${text}" is not a table name; one is namespace.table`, {
      extras: { parameter: 'table' },
    });
  return formatTableName(table);
}

function eventJson({ id, at, event }: StampedEvent): string {
  const { type, ...facts } = event;
  const named = Object.entries(facts).map(([key, value]) => [WIRE_NAMES[key] ?? key, value] as const);
  return toJson({ id, at: isoTime(at), type, ...Object.fromEntries(named) });
}

/** Where the wire says it otherwise than the code; 64-bit numbers are text, as everywhere. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  snapshot: 'snapshot_id',
  freshnessSeconds: 'freshness_seconds',
  remedy: 'try',
};

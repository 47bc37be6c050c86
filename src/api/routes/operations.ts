/** Health, readiness, metrics and version: what supervisors and scrapers ask. */
import type { ApiContext } from '../context.ts';
import { livezDocs, metricsDocs, readyzDocs, versionDocs } from '../document/operation-docs.ts';
import { ProblemError } from '../problems.ts';
import type { Handler, Route } from '../route.ts';
import { json } from '../wire.ts';

const READY_RETRY_MS = 1_000;

export const operationRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: '/livez',
    access: 'public',
    summary: 'Whether the process turns',
    handler: live,
    docs: livezDocs,
  },
  {
    method: 'GET',
    path: '/readyz',
    access: 'public',
    summary: 'Whether records are accepted, with the reasons if not',
    handler: ready(context),
    docs: readyzDocs,
  },
  {
    method: 'GET',
    path: '/metrics',
    access: 'read',
    summary: 'Prometheus metrics',
    handler: metrics(context),
    docs: metricsDocs,
  },
  {
    method: 'GET',
    path: '/version',
    access: 'public',
    summary: 'Version of the service',
    handler: version(context),
    docs: versionDocs,
  },
];

/** Answers while the event loop turns. */
const live: Handler = (_request, reply) => json(reply, 200, { ok: true });

const ready =
  (context: ApiContext): Handler =>
  (_request, reply) => {
    const reasons = context.control.notReady();
    if (reasons.length === 0) return json(reply, 200, { ok: true });
    throw new ProblemError('not-ready', reasons.map(({ detail }) => detail).join('; '), {
      extras: { ok: false, reasons },
      retryAfterMs: READY_RETRY_MS,
    });
  };

const metrics =
  (context: ApiContext): Handler =>
  async (_request, reply) => {
    // Scrapes matter most when something is down: what is known without the catalog is told without it.
    const listed = await context.control.tables().catch(() => undefined);
    const text = await context.metrics.render({
      ...context.levels(),
      tables: listed ?? context.control.openTables(),
      catalogAnswers: listed !== undefined,
      eventSubscribers: context.events.readers,
      ready: context.control.notReady().length === 0,
    });
    reply.header('content-type', context.metrics.contentType);
    return text;
  };

const version =
  (context: ApiContext): Handler =>
  (_request, reply) =>
    json(reply, 200, { name: 'sluice', version: context.version, node: process.versions.node });

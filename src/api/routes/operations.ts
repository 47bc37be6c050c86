/** Health, readiness, metrics and version: what supervisors and scrapers ask. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { ProblemError } from '../problems.ts';
import { json } from '../wire.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => string | Promise<string>;

const READY_RETRY_MS = 1_000;

/** Answers while the event loop turns. */
export const live: Handler = (_request, reply) => json(reply, 200, { ok: true });

export const ready =
  (context: ApiContext): Handler =>
  (_request, reply) => {
    const reasons = context.control.notReady();
    if (reasons.length === 0) return json(reply, 200, { ok: true });
    throw new ProblemError('not-ready', reasons.map(({ detail }) => detail).join('; '), {
      extras: { ok: false, reasons },
      retryAfterMs: READY_RETRY_MS,
    });
  };

export const metrics =
  (context: ApiContext): Handler =>
  async (_request, reply) => {
    const text = await context.metrics.render({
      ...context.levels(),
      tables: await context.control.tables(),
      ready: context.control.notReady().length === 0,
    });
    reply.header('content-type', context.metrics.contentType);
    return text;
  };

export const version =
  (context: ApiContext): Handler =>
  (_request, reply) =>
    json(reply, 200, { name: 'sluice', version: context.version, node: process.versions.node });

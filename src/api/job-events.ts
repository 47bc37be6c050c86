/** A maintenance job followed to its end, as server-sent events. Owns what is sent when; the stream is `event-stream.ts`. */
import type { FastifyRequest } from 'fastify';
import type { Job } from '../contracts/maintenance-port.ts';
import type { ApiContext } from './context.ts';
import { EVENT_STREAM, openEventStream } from './event-stream.ts';
import { jobJson, logLineJson } from './job-wire.ts';
import { ProblemError } from './problems.ts';
import { noParameters } from './requests.ts';
import type { Handler } from './route.ts';
import { toJson } from './wire.ts';

const MAX_READERS = 32;
const READERS_RETRY_MS = 10_000;

/**
 * `job` with its log at first, then `job` without it for every change and `log` for every new line; after the end of the job the stream
 * ends. A browser that comes back after that is told by 204 to stay away.
 */
export function followJob(context: ApiContext, jobOf: (request: FastifyRequest) => Job): Handler {
  let readers = 0;
  return (request, reply) => {
    noParameters(request);
    const job = jobOf(request);
    if (job.endedAt !== undefined && request.headers['last-event-id'] !== undefined) {
      reply.hijack();
      reply.raw.writeHead(204).end();
      return '';
    }
    if (request.method === 'HEAD') {
      reply.header('content-type', EVENT_STREAM);
      return '';
    }
    if (readers >= MAX_READERS)
      throw new ProblemError('overloaded', 'as many readers as are allowed follow jobs', {
        extras: { scope: 'events' },
        retryAfterMs: READERS_RETRY_MS,
      });
    readers += 1;
    let unwatch: (() => void) | undefined;
    reply.hijack();
    const stream = openEventStream(reply.raw, context.runtime.clock, {
      onClosed: () => {
        readers -= 1;
        unwatch?.();
      },
      onDropped: () => context.metrics.eventReaderDropped(),
    });
    let sent = 0;
    const send = (type: string, value: unknown): void => stream.send(type, toJson(value), String((sent += 1)));
    let last = job;
    const tell = (now: Job): void => {
      const { log: _log, ...rest } = now;
      if (now.log === last.log) send('job', jobJson(rest));
      else for (const line of newLines(last.log, now.log)) send('log', logLineJson(line));
      last = now;
      if (now.endedAt !== undefined) stream.end();
    };
    send('job', jobJson(job));
    if (job.endedAt === undefined) unwatch = context.maintenance.watch(job.id, tell);
    else stream.end();
    return '';
  };
}

/** Lines are only added at the end, and the oldest dropped. */
const newLines = (before: Job['log'], now: Job['log']): Job['log'] => {
  const known = new Set(before);
  return now.filter((line) => !known.has(line));
};

/** A span around one request, in the trace its caller began. Owns the attributes that every request has. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NO_SPAN, type Span } from '../contracts/tracing.ts';
import type { ApiContext } from './context.ts';
import { PROBLEMS, toProblem } from './problems.ts';
import type { Handler } from './route.ts';
import { parseTraceParent } from './trace-parent.ts';

/** Attribute names are those of OpenTelemetry's HTTP conventions. */
export function traced(
  context: ApiContext,
  path: string,
  handler: (request: FastifyRequest, reply: FastifyReply, span: Span) => Promise<string>,
): Handler {
  const { tracer } = context;
  return async (request, reply) => {
    if (!tracer.on) return handler(request, reply, NO_SPAN);
    const span = tracer.request(`${request.method} ${path}`, parseTraceParent(request.headers.traceparent), {
      'http.request.method': request.method,
      'http.route': path,
      'sluice.request_id': request.id,
    });
    try {
      const body = await handler(request, reply, span);
      span.set({ 'http.response.status_code': reply.statusCode });
      span.end();
      return body;
    } catch (error) {
      const { kind, message } = toProblem(error);
      const { status } = PROBLEMS[kind];
      span.set({ 'http.response.status_code': status, 'error.type': kind });
      // A refusal is an answer; only what the service could not do is a failure of its span.
      span.end(status >= 500 ? message : undefined);
      throw error;
    }
  };
}

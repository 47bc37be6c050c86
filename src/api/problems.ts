/**
 * Every error the API answers with, as RFC 9457 problem details: a closed list of kinds, each with its status; what each means is
 * `problem-texts.ts`. `type` and `status` are for programs and stable; `title` and `detail` are for people and are not.
 */
import type { FastifyReply } from 'fastify';
import type { ErrorKind } from '../core/errors.ts';
import { SluiceError } from '../core/errors.ts';

export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'invalid-body': { status: 400, title: 'The body cannot be read' },
  unauthenticated: { status: 401, title: 'The caller is not known' },
  forbidden: { status: 403, title: 'The caller may not do this' },
  'no-such-route': { status: 404, title: 'There is no such path' },
  'no-such-table': { status: 404, title: 'There is no such table' },
  'no-such-job': { status: 404, title: 'There is no such job' },
  'no-such-position': { status: 404, title: 'There is no such position' },
  'no-such-channel': { status: 404, title: 'There is no such channel' },
  'no-such-dead-letter': { status: 404, title: 'There is no such dead letter' },
  'method-not-allowed': { status: 405, title: 'The path does not take this method' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'table-exists': { status: 409, title: 'A different table has this name' },
  'reload-refused': { status: 409, title: 'The configuration could not be reloaded' },
  'offset-conflict': { status: 409, title: 'The channel expects another offset' },
  'stale-epoch': { status: 409, title: 'The channel was opened again since' },
  'rollback-refused': { status: 409, title: 'The table cannot be set back like this' },
  'state-lost': { status: 409, title: 'The state of the producers is lost' },
  'key-in-flight': { status: 409, title: 'A request with this key is under way' },
  'too-many-channels': { status: 409, title: 'The table has as many channels as it may have' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has a type or encoding that is not read' },
  'expectation-failed': { status: 417, title: 'The expectation cannot be met' },
  'invalid-records': { status: 422, title: 'Some records are not valid' },
  'invalid-table': { status: 422, title: 'The table definition is not valid' },
  'invalid-configuration': { status: 422, title: 'The configuration is not valid' },
  'key-reused': { status: 422, title: 'The key was used with another body' },
  unsupported: { status: 422, title: 'This is not supported' },
  'too-many-requests': { status: 429, title: 'The caller sends more than it may' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something broke in the service' },
  overloaded: { status: 503, title: 'The service is full for now' },
  'not-accepting': { status: 503, title: 'The service does not accept records now' },
  'table-stopped': { status: 503, title: 'The table is stopped and waits for an operator' },
  'outcome-unknown': { status: 503, title: 'The records are durable, their commit was not seen' },
  'not-ready': { status: 503, title: 'The service is not ready' },
  unavailable: { status: 503, title: 'Something the service needs does not answer' },
} as const;

export type ProblemKind = keyof typeof PROBLEMS;

/** A relative reference (RFC 9457 §3.1.1): the service that answered serves the page it names. */
export const problemType = (kind: ProblemKind): string => `/problems/${kind}`;

/** Members beyond the standard ones, already in wire form. */
export type ProblemExtras = Readonly<Record<string, unknown>>;

/** Thrown by handlers; the one error handler answers with it. */
export class ProblemError extends Error {
  readonly kind: ProblemKind;
  readonly extras: ProblemExtras;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    kind: ProblemKind,
    detail: string,
    options: {
      readonly title?: string;
      readonly extras?: ProblemExtras;
      readonly headers?: Readonly<Record<string, string>>;
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProblemError';
    this.kind = kind;
    this.extras = { ...(options.title === undefined ? {} : { title: options.title }), ...options.extras };
    this.headers = {
      ...options.headers,
      ...(options.retryAfterMs === undefined ? {} : { 'retry-after': retryAfter(options.retryAfterMs) }),
    };
  }
}

/** The body of a problem answer. */
export const problemBody = (kind: ProblemKind, detail: string, requestId: string, extras: ProblemExtras = {}): string =>
  JSON.stringify({
    type: problemType(kind),
    title: PROBLEMS[kind].title,
    status: PROBLEMS[kind].status,
    detail,
    ...extras,
    request_id: requestId,
  });

/** As bytes: to text Fastify would add a charset, which this type does not have (RFC 9457 §6.1). */
export function sendProblem(reply: FastifyReply, problem: ProblemError): void {
  void reply
    .code(PROBLEMS[problem.kind].status)
    .headers(problem.headers)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(problemBody(problem.kind, problem.message, reply.request.id, problem.extras)));
}

/** Any failure as a problem. What is not ours stays inside: clients read `internal`, the log has the rest. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof SluiceError) {
    const kind = OF_KIND[error.kind];
    const extras = error.remedy === undefined ? {} : { try: error.remedy };
    return new ProblemError(
      kind,
      kind === 'internal' ? 'The log has the details under this request_id.' : error.message,
      {
        extras: kind === 'internal' ? {} : extras,
        ...(PROBLEMS[kind].status === 503 ? { retryAfterMs: 1000 } : {}),
        cause: error,
      },
    );
  }
  return new ProblemError('internal', 'The log has the details under this request_id.', { cause: error });
}

const OF_KIND: Readonly<Record<ErrorKind, ProblemKind>> = {
  'invalid-input': 'invalid-request',
  misconfigured: 'internal',
  'not-found': 'no-such-table',
  overloaded: 'overloaded',
  unavailable: 'unavailable',
  corrupt: 'internal',
  unsupported: 'unsupported',
  closed: 'not-accepting',
  fenced: 'not-accepting',
  internal: 'internal',
};

/** Whole seconds, at least one. */
const retryAfter = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)));

/**
 * The HTTP server: routes, limits of connections, and one way for every error to become problem details (RFC 9457), those that
 * never reach a route included. Owns no meaning of requests; that is `routes/`.
 */
import type { Socket } from 'node:net';
import { TLSSocket, type TlsOptions } from 'node:tls';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { METHODS } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { FastifyError, FastifyHttpOptions, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fastify } from 'fastify';
import { hex } from '../core/runtime.ts';
import type { ApiContext, ApiSettings } from './context.ts';
import { addGuard, audited } from './guard.ts';
import { OpenAnswers } from './open-answers.ts';
import type { ProblemKind } from './problems.ts';
import { PROBLEMS, ProblemError, problemBody, sendProblem, toProblem } from './problems.ts';
import { observeRequests } from './observe-requests.ts';
import type { Handler, Route } from './route.ts';
import { allRoutes } from './routes/all.ts';
import { answersOn, elsewhere, type Surface } from './surface.ts';

/** Requests that took longer, waiting on purpose apart, are logged. */
const SLOW_MS = 1_000;
const MAX_PARAMETER_LENGTH = 2_048;
/** A body just above the limit is read to its end, so that its connection can be used again. */
const DRAIN_SLACK_BYTES = 64 * 1024;

export interface Listener {
  readonly surface: Surface;
  /** Absent: plain HTTP. */
  readonly tls?: TlsOptions;
}

export function buildApi(
  context: ApiContext,
  listener: Listener = { surface: 'all' },
  routes: readonly Route[] = allRoutes(context),
): FastifyInstance {
  const { settings, runtime } = context;
  const prefix = `req_${hex(runtime.random.bytes(6))}`;
  let requests = 0;
  const nextId = (): string => `${prefix}_${(requests++).toString(36)}`;

  const limits = {
    maxHeaderSize: settings.maxHeaderBytes,
    // Asked for below, where the refusal is a problem.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(5_000, Math.max(50, settings.headerTimeoutMs / 4)),
  };
  const { tls } = listener;
  const transport =
    tls === undefined
      ? { http: limits }
      : {
          // Named for the scheme of the address alone.
          https: {},
          // A server of our own making is the only one, on one address of `localhost` too: its certificate can be replaced.
          serverFactory: (handler: RequestListener): HttpsServer => {
            return createHttpsServer(
              {
                ...limits,
                ...tls,
                handshakeTimeout: settings.headerTimeoutMs,
              },
              handler,
            );
          },
        };
  const answers = new OpenAnswers();
  const app = fastify({
    logger: false,
    requestIdHeader: false,
    genReqId: nextId,
    // Both kinds of server are alike to everything here; Fastify's types tell them apart.
    ...(transport as FastifyHttpOptions<Server>),
    // While closing, answers stay ours: the ingest port says "not accepting" as a problem.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    frameworkErrors: (error, request, reply) => answerError(context, error, request, reply as FastifyReply),
    clientErrorHandler: (error, socket) =>
      answers.afterWhole(socket, () => answerBrokenRequest(error, socket, nextId())),
  });
  applyConnectionLimits(app.server, settings);
  app.server.on('request', (request, response: ServerResponse) => answers.opened(request, response));
  app.server.on('checkExpectation', (_request, response: ServerResponse) => {
    const body = problemBody('expectation-failed', 'the only expectation met is 100-continue', nextId());
    response
      .writeHead(417, { 'content-type': 'application/problem+json', 'content-length': Buffer.byteLength(body) })
      .end(body);
  });

  // Behind an unanswered request on the same connection Node writes "100 Continue" into the middle of the answer to come; a client
  // that sent several requests at once does not wait for it.
  app.server.on('checkContinue', (request, response: ServerResponse) => {
    if (response.socket !== null) response.writeContinue();
    app.server.emit('request', request, response);
  });
  for (const method of METHODS)
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });

  // Bodies stay streams: each route reads its own, under its own limits.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  app.setErrorHandler((error, request, reply) => answerError(context, error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    answerError(
      context,
      new ProblemError('no-such-route', `${request.method} ${pathOf(request)} leads nowhere`),
      request,
      reply,
    ),
  );
  const subscriptions = new Set(routes.filter((route) => route.subscription).map(({ path }) => path));
  observeRequests(app, context.metrics, runtime.clock, subscriptions);
  // Subscriptions end only when somebody ends them: closing would wait for ever.
  app.addHook('preClose', (done) => {
    context.events.close();
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (context.draining()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onRequest', (request, _reply, done) => {
    const missing = request.raw.headers.host === undefined && request.raw.httpVersionMinor === 1;
    done(missing ? new ProblemError('invalid-request', 'HTTP/1.1 asks for a Host header') : undefined);
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (
      reply.elapsedTime > SLOW_MS &&
      !subscriptions.has(request.routeOptions.url ?? '') &&
      !request.url.includes('timeout=') &&
      !request.url.includes('committed')
    )
      context.log.warn({ ...factsOf(request, reply), ms: Math.round(reply.elapsedTime) }, 'slow request');
    done();
  });

  addGuard(app, context);
  addRoutes(app, context, listener.surface, routes);
  return app;
}

/** The limits of connections that may change while the server runs. */
export function applyConnectionLimits(server: Server, settings: ApiSettings): void {
  server.maxConnections = settings.maxConnections;
  server.headersTimeout = settings.headerTimeoutMs;
  server.requestTimeout = settings.requestTimeoutMs;
  server.keepAliveTimeout = settings.keepAliveMs;
}

/** Each route, and 405 with `Allow` for every other method of its path. */
function addRoutes(app: FastifyInstance, context: ApiContext, surface: Surface, routes: readonly Route[]): void {
  const methodsOf = new Map<string, Set<string>>();
  for (const route of routes) {
    const { method, path } = route;
    if (answersOn(surface, route))
      app.route({ method, url: path, config: { route }, handler: handlerOf(context, route) });
    else app.route({ method, url: path, handler: elsewhere(surface) });
    const methods = methodsOf.get(path) ?? new Set();
    methodsOf.set(path, methods.add(method));
    if (method === 'GET') methods.add('HEAD');
  }
  for (const [url, methods] of methodsOf) {
    const allowed = [...methods].sort().join(', ');
    const refused = (request: FastifyRequest): Promise<never> =>
      Promise.reject(
        new ProblemError('method-not-allowed', `${pathOf(request)} takes ${allowed}`, { headers: { allow: allowed } }),
      );
    app.route({
      method: app.supportedMethods.filter((method) => !methods.has(method)),
      url,
      // Before anything is asked of the body: a wrong method is wrong with every content type.
      onRequest: refused,
      handler: refused,
    });
  }
}

/** What changes the daemon or its tables is in the audit trail, whatever comes of it. */
const handlerOf = (context: ApiContext, route: Route): Handler =>
  route.method !== 'GET' && (route.access === 'maintain' || route.access === 'admin')
    ? audited(context, route)
    : route.handler;

function answerError(context: ApiContext, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(frameworkProblem(error) ?? error);
  const { status } = PROBLEMS[problem.kind];
  if (status === 500) context.log.error({ ...factsOf(request, reply), err: problem.cause ?? error }, 'request failed');
  else if (problem.kind === 'unavailable')
    context.log.warn({ ...factsOf(request, reply), cause: problem.message }, 'request failed');
  drain(request, context.settings.maxBodyBytes + DRAIN_SLACK_BYTES);
  sendProblem(reply, problem);
}

/** Fastify's own refusals: bad URLs, malformed content types and lengths. */
function frameworkProblem(thrown: unknown): ProblemError | undefined {
  const error = thrown as Partial<FastifyError>;
  if (error.code?.startsWith('FST_') !== true) return undefined;
  const kind: ProblemKind | undefined =
    error.statusCode === 404
      ? 'no-such-route'
      : error.statusCode === 413
        ? 'body-too-large'
        : error.statusCode === 415
          ? 'unsupported-media-type'
          : error.statusCode !== undefined && error.statusCode < 500
            ? 'invalid-request'
            : undefined;
  return kind === undefined ? undefined : new ProblemError(kind, error.message ?? '', { cause: error });
}

/**
 * Reads on what is left of a refused body, so that a client still sending reads the answer instead of a reset; gives up on a body
 * that does not end within another limit's worth of bytes.
 */
function drain(request: FastifyRequest, limit: number): void {
  const { raw } = request;
  if (raw.complete || raw.destroyed) return;
  let bytes = 0;
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) raw.destroy();
  });
  raw.resume();
}

/** Requests that Node's parser refused: there is no request object, only a socket. */
function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket, requestId: string): void {
  // Without a handshake there is nobody to answer in clear.
  const handshake = socket instanceof TLSSocket && !/^HPE_|^ERR_HTTP_/.test(error.code ?? '');
  if (handshake || error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [kind, detail]: readonly [ProblemKind, string] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['headers-too-large', 'the request line and headers are larger than this service reads']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['request-timeout', 'the request was not complete in time']
        : ['invalid-request', 'the bytes sent are not an HTTP request'];
  const body = problemBody(kind, detail, requestId);
  const { status } = PROBLEMS[kind];
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? ''}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

const pathOf = (request: FastifyRequest): string => request.url.replace(/\?.*$/s, '');

const factsOf = (request: FastifyRequest, reply: FastifyReply) => ({
  request_id: request.id,
  method: request.method,
  path: pathOf(request),
  status: reply.statusCode,
});

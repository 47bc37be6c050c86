/**
 * The one place that decides whether a request is let in: who calls, whether there is room in its buckets, whether its scopes give what the route
 * declares. Runs before a body is read. Owns 401, 403 and 429, and what of them the audit trail is told.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission, Allowance, Authentication, Principal } from '../contracts/access.ts';
import { SluiceError } from '../core/errors.ts';
import type { TableName } from '../core/ids.ts';
import { formatTableName } from '../core/ids.ts';
import { allows, allowsEverywhere, allowsSomewhere, type Grant } from '../record/scopes.ts';
import { callerOf } from './caller.ts';
import type { ApiContext } from './context.ts';
import { ProblemError } from './problems.ts';
import type { Handler, Route } from './route.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The declaration a request was routed to. Absent where nothing is declared: 404 and 405. */
    route?: Route;
  }
  interface FastifyRequest {
    /** Of this file alone: null until the request is let in, and for public routes. */
    admitted: Admitted | null;
  }
}

/** What is known of a request that was let in. */
interface Admitted {
  readonly principal: Principal;
  readonly admission: Extract<Admission, { kind: 'admitted' }>;
  readonly announcedBytes: number;
  /** Tells the audit trail and throws. */
  readonly deny: (problem: ProblemError) => never;
  /** A table that the body named. */
  table?: string;
}

export function addGuard(app: FastifyInstance, context: ApiContext): void {
  app.decorateRequest('admitted', null);
  app.addHook('onRequest', (request, reply, done) => {
    const { route } = request.routeOptions.config;
    if (route === undefined || route.access === 'public') {
      done();
      return;
    }
    let refusal: Error | undefined;
    try {
      letIn(context, route, route.access, request, reply);
    } catch (error) {
      refusal = error as Error;
    }
    // Outside: what goes on from here throws for itself.
    done(refusal);
  });
}

/** Who sent a request to a route that is not public. */
export const principalOf = (request: FastifyRequest): Principal => stateOf(request).principal;

/** For handlers that show or take many tables: whether the sender has the grant on this one. */
export const mayAccess = (request: FastifyRequest, grant: Grant, table: TableName): boolean =>
  allows(principalOf(request).scopes, grant, formatTableName(table));

/** For handlers that learn the table from the body; it is then the one that the audit trail names. Throws `forbidden`. */
export function requireAccess(request: FastifyRequest, grant: Grant, table: TableName): void {
  const state = stateOf(request);
  state.table = formatTableName(table);
  if (!mayAccess(request, grant, table)) state.deny(forbidden(state.principal, grant, state.table));
}

/** The size of a body once it is known: what its announced length did not say is paid afterwards. */
export function chargeBody(request: FastifyRequest, bytes: number): void {
  const state = request.admitted;
  state?.admission.charge(Math.max(0, bytes - state.announcedBytes));
}

/** A handler whose every end is in the audit trail; denials are there already. */
export const audited =
  (context: ApiContext, route: Route): Handler =>
  async (request, reply) => {
    const tell = (outcome: 'done' | 'failed', detail?: string): void =>
      context.access.audit.record({ ...factsOf(route, request), who: principalOf(request).id, outcome, detail });
    try {
      const answer = await route.handler(request, reply);
      tell('done');
      return answer;
    } catch (error) {
      const kind = error instanceof ProblemError || error instanceof SluiceError ? error.kind : 'internal';
      if (kind !== 'forbidden') tell('failed', kind);
      throw error;
    }
  };

function letIn(context: ApiContext, route: Route, grant: Grant, request: FastifyRequest, reply: FastifyReply): void {
  const { authenticator, limiter, audit } = context.access;
  const deny = (who: string, problem: ProblemError): never => {
    audit.record({ ...factsOf(route, request), who, outcome: 'denied', detail: problem.kind });
    throw problem;
  };

  const found = authenticator.authenticate(callerOf(request));
  const { account, limits } = found.kind === 'known' ? found.principal : found;
  const announcedBytes = Number(request.headers['content-length'] ?? 0);
  const admission = limiter.admit(account, limits, announcedBytes);
  if (admission.allowances.length > 0) reply.headers(rateHeaders(admission.allowances));
  if (admission.kind === 'limited') throw tooManyRequests(admission);
  if (admission.release !== undefined) reply.raw.once('close', admission.release);

  if (found.kind !== 'known')
    return deny(found.kind === 'lapsed' ? `key:${found.id}` : 'unknown', unauthenticated(found));
  const { principal } = found;
  request.admitted = { principal, admission, announcedBytes, deny: (problem) => deny(principal.id, problem) };
  const table = tableText(request);
  const enough =
    table !== undefined
      ? allows(principal.scopes, grant, table)
      : route.narrows === true
        ? allowsSomewhere(principal.scopes, grant)
        : allowsEverywhere(principal.scopes, grant);
  if (!enough) deny(principal.id, forbidden(principal, grant, table));
}

function stateOf(request: FastifyRequest): Admitted {
  const state = request.admitted;
  if (state === null) throw new SluiceError('internal', 'the route is public: nobody was asked who calls');
  return state;
}

function unauthenticated(found: Exclude<Authentication, { kind: 'known' }>): ProblemError {
  const [detail, challenge] =
    found.kind === 'missing'
      ? ['this needs an API key or a client certificate', '']
      : [found.kind === 'lapsed' ? found.reason : 'the credentials are not right', ', error="invalid_token"'];
  return new ProblemError('unauthenticated', detail, {
    extras: { try: 'send "Authorization: Bearer sk_…"; `sluice keys create` makes a key' },
    headers: { 'www-authenticate': `Bearer realm="sluice"${challenge}` },
  });
}

function forbidden(principal: Principal, grant: Grant, table: string | undefined): ProblemError {
  const needed = table === undefined ? grant : `${grant}:${table}`;
  return new ProblemError('forbidden', `${principal.id} does not have the scope ${needed}`, {
    extras: { needed_scope: needed, try: 'ask for a key that has it; `sluice keys create --scope` gives scopes' },
    headers: {
      'www-authenticate': `Bearer realm="sluice", error="insufficient_scope", scope="${needed.replaceAll(/["\\]|[^\x20-\x7e]/g, '')}"`,
    },
  });
}

const TOO_MANY = {
  requests: 'more requests a second than this caller may send',
  bytes: 'more bytes a second than this caller may send',
  'in-flight': 'more requests at once than this caller may have in flight',
} as const;

const tooManyRequests = ({ by, retryAfterMs }: Extract<Admission, { kind: 'limited' }>): ProblemError =>
  new ProblemError('too-many-requests', `${TOO_MANY[by]}; nothing was written`, {
    extras: { limit: by },
    retryAfterMs,
  });

/** draft-ietf-httpapi-ratelimit-headers: one policy a bucket, by the second. */
function rateHeaders(allowances: readonly Allowance[]): Readonly<Record<string, string>> {
  const unitOf = ({ unit }: Allowance): string => (unit === 'bytes' ? ';qu="content-bytes"' : '');
  return {
    'ratelimit-policy': allowances.map((one) => `"${one.unit}";q=${one.quota};w=1${unitOf(one)}`).join(', '),
    ratelimit: allowances.map((one) => `"${one.unit}";r=${one.remaining};t=${one.resetSeconds}`).join(', '),
  };
}

const MAX_TABLE_TEXT = 300;

/** As the path has it, valid or not. */
const tableText = (request: FastifyRequest): string | undefined =>
  (request.params as { readonly table?: string }).table?.slice(0, MAX_TABLE_TEXT);

const factsOf = ({ method, path }: Route, request: FastifyRequest) => ({
  client: request.ip,
  action: `${method} ${path}`,
  table: request.admitted?.table ?? tableText(request),
  requestId: request.id,
});

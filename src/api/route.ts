/**
 * What a route says of itself: one declaration an endpoint, from which the server, the permissions and the API document are made.
 * Owns the shape; the declarations are in `routes/`, what the document says of them in `document/`.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Grant } from '../record/scopes.ts';
import type { RouteDocs } from './document/route-docs.ts';

export type Handler = (request: FastifyRequest, reply: FastifyReply) => string | Promise<string>;

/** What a caller must be allowed to do. `public`: everybody, without a key. */
export type Access = 'public' | Grant;

export interface Route {
  /** HEAD comes with GET. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` for parameters; `:table` is the table the access is asked for. */
  readonly path: string;
  readonly access: Access;
  /**
   * For a path without `:table`. True: a grant on any table lets in, and the handler keeps to those tables (`mayAccess`, `requireAccess`
   * of `guard.ts`). Else the grant is needed on every table.
   */
  readonly narrows?: true;
  /** A sentence without a full stop, as the API document shows it. */
  readonly summary: string;
  /** The answer goes on until the reader leaves. */
  readonly subscription?: true;
  readonly handler: Handler;
  /** Parameters, bodies, answers and examples. A test names every route without. */
  readonly docs?: RouteDocs;
}

export const TABLES = '/api/v1/tables';
export const TABLE = `${TABLES}/:table`;

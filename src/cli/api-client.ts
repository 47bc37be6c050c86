/** The daemon's HTTP API as the commands see it. Owns turning problem details and lost connections into failures; does not retry. */
import { messageOf } from '../core/errors.ts';
import type { CliIo } from './deps.ts';
import { CliFailure } from './failure.ts';
import { HttpConnections, type HttpAnswer, type TlsFiles } from './http-request.ts';

/** Who the commands are to the daemon. */
export interface Credentials extends TlsFiles {
  readonly apiKey?: string | undefined;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly try?: string;
  readonly request_id?: string;
  readonly [member: string]: unknown;
}

export type Answer =
  | { readonly kind: 'ok'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly retryAfterMs?: number }
  /** Nothing was sent: the connection could not be made. */
  | { readonly kind: 'unreachable'; readonly cause: string }
  /** Nothing was sent: one side does not trust the other's certificate. */
  | { readonly kind: 'not-trusted'; readonly cause: string }
  /** Sent at least in part, and no answer came. */
  | { readonly kind: 'no-answer'; readonly cause: string };

const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

export class ApiClient {
  readonly url: string;
  readonly #io: CliIo;
  readonly #connections: HttpConnections;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, io: CliIo, { apiKey, ...tls }: Credentials = {}) {
    this.url = url;
    this.#io = io;
    this.#connections = new HttpConnections(tls);
    this.#headers = {
      accept: 'application/json',
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    };
  }

  /** Never rejects. */
  async request(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: { readonly bytes: Uint8Array; readonly contentType: string },
  ): Promise<Answer> {
    try {
      const type = body === undefined ? {} : { 'content-type': body.contentType };
      const answer = await this.#connections.exchange(
        method,
        new URL(`${this.url}${path}`),
        { ...this.#headers, ...type },
        body?.bytes,
      );
      const { status, text } = answer;
      if (status >= 200 && status < 300) return { kind: 'ok', status, body: isJson(answer) ? JSON.parse(text) : text };
      return { kind: 'problem', problem: problemOf(text, status), ...retryAfterOf(answer, this.#io) };
    } catch (error) {
      const { code = '' } = error as { readonly code?: string };
      if (NOT_CONNECTED.has(code)) return { kind: 'unreachable', cause: code };
      return { kind: isAboutTrust(code) ? 'not-trusted' : 'no-answer', cause: messageOf(error) };
    }
  }

  /** The body of a 2xx; anything else is a failure. */
  async expect(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: { readonly bytes: Uint8Array; readonly contentType: string },
  ): Promise<unknown> {
    const answer = await this.request(method, path, body);
    if (answer.kind === 'ok') return answer.body;
    throw this.failureOf(answer);
  }

  failureOf(answer: Exclude<Answer, { kind: 'ok' }>): CliFailure {
    switch (answer.kind) {
      case 'unreachable':
        return new CliFailure(
          75,
          `no daemon answers at ${this.url} (${answer.cause})`,
          'start one with `sluice run`, or name another with --url',
        );
      case 'not-trusted':
        return new CliFailure(
          1,
          `no secure connection to ${this.url} (${answer.cause})`,
          '--ca names the authority of its certificate; --cert and --key name yours, if it asks for one',
        );
      case 'no-answer':
        return new CliFailure(
          75,
          `the connection to ${this.url} was lost (${answer.cause})`,
          'run it again in a moment',
        );
      case 'problem': {
        const { problem } = answer;
        const request = problem.request_id === undefined ? '' : ` [${problem.request_id}]`;
        const retryable = problem.status === 429 || problem.status >= 500;
        return new CliFailure(
          retryable ? 75 : 1,
          `${problem.title}: ${problem.detail}${request}`,
          problem.try ??
            REMEDIES[problem.status] ??
            (retryable ? 'run it again in a moment' : 'mend the request; docs/problems.md explains each problem'),
        );
      }
    }
  }
}

export const tablePath = (table: string): string => `/api/v1/tables/${encodeURIComponent(table)}`;

const REMEDIES: Readonly<Record<number, string>> = { 404: '`sluice tables` lists what is there' };

/** Verification failed here (OpenSSL's names of its verdicts), or there (alerts). */
const isAboutTrust = (code: string): boolean => /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS_|^ERR_SSL_|^ERR_OSSL_/.test(code);

/** Metrics come as text. */
const isJson = ({ headers }: HttpAnswer): boolean => headers['content-type']?.includes('json') === true;

function problemOf(text: string, status: number): Problem {
  try {
    const parsed = JSON.parse(text) as Partial<Problem>;
    if (typeof parsed.title === 'string')
      return { type: 'about:blank', detail: '', ...parsed, title: parsed.title, status };
  } catch {
    // Not ours: a proxy between, or another server.
  }
  return { type: 'about:blank', title: `HTTP status ${status}`, status, detail: text.slice(0, 200) };
}

function retryAfterOf({ headers }: HttpAnswer, io: CliIo): { readonly retryAfterMs?: number } {
  const header = headers['retry-after'];
  if (header === undefined) return {};
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - io.clock.now();
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(0, ms) } : {};
}

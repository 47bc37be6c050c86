/** The daemon's HTTP API as the commands see it. Owns turning problem details and lost connections into failures; does not retry. */
import { messageOf } from '../core/errors.ts';
import type { CliIo } from './deps.ts';
import { CliFailure } from './failure.ts';

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
  /** Sent at least in part, and no answer came. */
  | { readonly kind: 'no-answer'; readonly cause: string };

const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export class ApiClient {
  readonly url: string;
  readonly #io: CliIo;

  constructor(url: string, io: CliIo) {
    this.url = url;
    this.#io = io;
  }

  /** Never rejects. */
  async request(
    method: 'GET' | 'POST',
    path: string,
    body?: { readonly bytes: Uint8Array; readonly contentType: string },
  ): Promise<Answer> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': body.contentType }) },
        ...(body === undefined ? {} : { body: body.bytes as Uint8Array<ArrayBuffer> }),
      });
      const text = await response.text();
      if (response.ok) return { kind: 'ok', status: response.status, body: JSON.parse(text) };
      return { kind: 'problem', problem: problemOf(text, response.status), ...retryAfterOf(response, this.#io) };
    } catch (error) {
      const cause = (error as { readonly cause?: { readonly code?: string } }).cause;
      const text = cause === undefined ? messageOf(error) : messageOf(cause);
      return NOT_CONNECTED.has(cause?.code ?? '')
        ? { kind: 'unreachable', cause: cause?.code ?? text }
        : { kind: 'no-answer', cause: text };
    }
  }

  /** The body of a 2xx; anything else is a failure. */
  async expect(
    method: 'GET' | 'POST',
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

function retryAfterOf(response: Response, io: CliIo): { readonly retryAfterMs?: number } {
  const header = response.headers.get('retry-after');
  if (header === null) return {};
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - io.clock.now();
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(0, ms) } : {};
}

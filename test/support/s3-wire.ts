/**
 * HTTP under the S3 client, in the test's hands: requests that wait at a gate but for their last byte, answers that are lost after the
 * server gave them. Works against any server. Plugs into the SDK as its request handler.
 */
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** What the SDK hands to a request handler, signed. */
interface WireRequest {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

interface WireResponse {
  readonly response: {
    readonly statusCode: number;
    readonly headers: Record<string, string>;
    readonly body: IncomingMessage;
  };
}

const ARRIVAL_MS = 30;

/** All but the last byte of every conditional request is sent; the last ones go together at `release`. One gate serves one round. */
export class GateKeeper {
  #waiting = 0;
  readonly #racers: number;
  readonly #full = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<void>();

  constructor(racers: number) {
    this.#racers = racers;
  }

  handler(): S3ClientConfig['requestHandler'] {
    return handlerOf((request) =>
      isConditional(request)
        ? exchange(request, async () => {
            if (++this.#waiting === this.#racers) this.#full.resolve();
            await this.#open.promise;
          })
        : exchange(request),
    );
  }

  /** Resolves when every racer waits, and the server has had time to read what they sent: it is there that early checks are made. */
  async full(): Promise<void> {
    await this.#full.promise;
    await sleep(ARRIVAL_MS);
  }

  release(): void {
    this.#open.resolve();
  }
}

/** Every `nth` conditional or deleting request is carried out, and its answer replaced by a reset connection. */
export function answerLosingHandler(nth: number): S3ClientConfig['requestHandler'] {
  let count = 0;
  return handlerOf(async (request) => {
    const answer = await exchange(request);
    const counted = isConditional(request) || (request.method === 'POST' && request.query?.['delete'] !== undefined);
    if (!counted || ++count % nth !== 0) return answer;
    answer.response.body.destroy();
    throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  });
}

const handlerOf = (handle: (request: WireRequest) => Promise<WireResponse>): S3ClientConfig['requestHandler'] => ({
  handle,
  destroy: () => {},
});

const isConditional = ({ headers }: WireRequest): boolean =>
  Object.keys(headers).some((name) => ['if-match', 'if-none-match'].includes(name.toLowerCase()));

const agent = new Agent({ keepAlive: true });

/** One request; one that waits has a connection of its own. `beforeLastByte` is called when everything else has been handed to the kernel. */
async function exchange(request: WireRequest, beforeLastByte?: () => Promise<void>): Promise<WireResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
  const outgoing = httpRequest({
    method: request.method,
    host: request.hostname,
    port: request.port ?? 80,
    path: pathOf(request),
    headers: request.headers,
    agent: beforeLastByte === undefined ? agent : false,
  });
  outgoing.on('error', reject);
  outgoing.on('response', (body) => {
    const headers = Object.entries(body.headers).map(([name, value]) => [name, String(value)] as const);
    resolve({ response: { statusCode: body.statusCode ?? 0, headers: Object.fromEntries(headers), body } });
  });
  const bytes = Buffer.from(request.body ?? '');
  if (beforeLastByte === undefined || bytes.length === 0) {
    outgoing.end(bytes);
    return promise;
  }
  await new Promise<void>((sent) => outgoing.write(bytes.subarray(0, -1), () => sent()));
  await beforeLastByte();
  outgoing.end(bytes.subarray(-1));
  return promise;
}

function pathOf({ path, query = {} }: WireRequest): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one: string | null) =>
      one === null ? encode(name) : `${encode(name)}=${encode(one)}`,
    ),
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

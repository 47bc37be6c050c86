/**
 * What a request says of its producer: a channel in the query, or an `Idempotency-Key` header (IETF draft, a quoted string or the bare
 * text); and how a producer's refusal reads. Owns no rule of channels or keys.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Producer, ProducerRefusal } from '../contracts/service-ports.ts';
import type { ApiContext } from './context.ts';
import { ProblemError } from './problems.ts';
import type { QueryParameters } from './query-parameters.ts';

export const CHANNEL_PARAMETERS = ['channel', 'epoch', 'offset'];

const CHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,199}$/;
export const CHANNEL_RULE = '1 to 200 of A-Z, a-z, 0-9 and . _ : @ = + -, beginning with a letter or digit';
/** Leaves room for the records of any request. */
const MAX_OFFSET = 2n ** 62n;
const BARE_KEY = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/;
const QUOTED_KEY = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"$/;

const FIRST_RETRY_MS = 1_000;

export function producerOf(request: FastifyRequest, query: QueryParameters): Producer | undefined {
  const name = query.text('channel');
  const header = request.headers['idempotency-key'];
  if (name === undefined) {
    for (const alone of ['epoch', 'offset'])
      if (query.text(alone) !== undefined) throw invalid(`"${alone}" is given without "channel"`, alone);
    return header === undefined ? undefined : { kind: 'idempotency-key', key: keyOf(header) };
  }
  if (header !== undefined)
    throw invalid('a request has a channel or an Idempotency-Key, not both: the channel is enough', 'channel');
  return { kind: 'channel', name: channelName(name), epoch: whole(query, 'epoch'), offset: whole(query, 'offset') };
}

export function channelName(text: string): string {
  if (!CHANNEL_NAME.test(text)) throw invalid(`"${text}" is no name of a channel: ${CHANNEL_RULE}`, 'channel');
  return text;
}

/** A whole number as text: 64-bit numbers are never JSON numbers. */
export function wholeOf(text: string, name: string): bigint {
  const value = /^\d{1,19}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > MAX_OFFSET) throw invalid(`"${name}" is not a whole number from 0 to 2^62`, name);
  return value;
}

function whole(query: QueryParameters, name: string): bigint {
  const text = query.text(name);
  if (text === undefined) throw invalid(`"${name}" is missing: a channel needs epoch and offset`, name);
  return wholeOf(text, name);
}

function keyOf(header: string | readonly string[]): string {
  const text = typeof header === 'string' ? header.trim() : '';
  if (BARE_KEY.test(text)) return text;
  const quoted = QUOTED_KEY.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, '$1');
  throw invalid(
    'Idempotency-Key is not one key of 1 to 255 printable characters, as in "8e03978e-40d5-43e8-bc93-6894a57f9324"',
    'Idempotency-Key',
  );
}

const invalid = (detail: string, parameter: string): ProblemError =>
  new ProblemError('invalid-request', detail, { extras: { parameter } });

/** How long, and how many of, the keys of a table are remembered: part of every answer to a request with a key. */
export function stateWindow(reply: FastifyReply, { keyWindow }: ApiContext, replayed: boolean): void {
  reply.header('idempotency-key-window', `age=${Math.floor(keyWindow.maxAgeMs / 1000)}, count=${keyWindow.maxKeys}`);
  if (replayed) reply.header('idempotency-replayed', 'true');
}

export function producerProblem(refusal: ProducerRefusal, table: string, channel?: string): ProblemError {
  const named = { table, ...(channel === undefined ? {} : { channel }) };
  switch (refusal.kind) {
    case 'stale-epoch':
      return new ProblemError(
        'stale-epoch',
        'the channel was opened again since: another producer has it, or an older self; nothing was written',
        { extras: { ...named, epoch: refusal.epoch.toString() } },
      );
    case 'offset-conflict':
      return new ProblemError(
        'offset-conflict',
        `the channel expects offset ${refusal.expected}; nothing was written`,
        { extras: { ...named, expected_offset: refusal.expected.toString() } },
      );
    case 'no-such-channel':
      return new ProblemError('no-such-channel', 'the channel is not open; open it with PUT …/channels/{name}', {
        extras: named,
      });
    case 'state-lost':
      return new ProblemError(
        'state-lost',
        'what this table remembered of its producers is gone from the store; nothing was written, and nobody can say what was before',
        {
          extras: {
            ...named,
            try: 'find in the table where the producer stands, then open its channel anew: PUT …/channels/{name}?offset=N',
          },
        },
      );
    case 'key-in-flight':
      return new ProblemError(
        'key-in-flight',
        'a request with this key is under way; nothing was written by this one',
        {
          extras: named,
          retryAfterMs: FIRST_RETRY_MS,
        },
      );
    case 'key-reused':
      return new ProblemError('key-reused', 'this key came before with another body; nothing was written', {
        extras: named,
      });
  }
}

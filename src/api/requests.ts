/** What handlers read off a request: table name, content type and encoding, a small JSON body. Refusals are problems. */
import type { FastifyRequest } from 'fastify';
import type { BodyFormat } from '../contracts/record-checker.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import { messageOf } from '../core/errors.ts';
import { parseTableName } from '../record/table-name.ts';
import type { BodyOutcome, Encoding } from './body-reader.ts';
import { readBody } from './body-reader.ts';
import type { ApiContext } from './context.ts';
import { chargeBody } from './guard.ts';
import { ProblemError } from './problems.ts';
import { QueryParameters } from './query-parameters.ts';

export const ENCODINGS = 'gzip, zstd, identity';
export const FORMATS = 'application/x-ndjson, application/json';

/** A full body budget empties with the requests in flight: soon. */
const BODY_RETRY_MS = 1_000;
const MAX_DEFINITION_BYTES = 1024 * 1024;

export function tableOf(request: FastifyRequest): TableName {
  const text = (request.params as { readonly table: string }).table;
  const table = parseTableName(text);
  if (table === undefined)
    throw new ProblemError('no-such-table', `"${text}" is not a table name; one is namespace.table`, {
      extras: { table: text },
    });
  return table;
}

/** Refuses every query parameter. */
export const noParameters = (request: FastifyRequest): QueryParameters => new QueryParameters(request.query, []);

/** What a port answered of the request's table; throws 404 when there is no such table. */
export function found<T>(request: FastifyRequest, value: T | undefined): T {
  if (value !== undefined) return value;
  const table = formatTableName(tableOf(request));
  throw new ProblemError('no-such-table', `table "${table}" does not exist; GET /api/v1/tables lists what does`, {
    extras: { table },
  });
}

/** Throws 415 for anything but NDJSON and JSON in UTF-8. */
export function formatOf(contentType: string | undefined): BodyFormat {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const format = type === 'application/x-ndjson' ? 'ndjson' : type === 'application/json' ? 'json' : undefined;
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (format === undefined || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8'))
    throw new ProblemError(
      'unsupported-media-type',
      contentType === undefined
        ? `no content type is given; send ${FORMATS}`
        : `${contentType} is not read; send ${FORMATS} in UTF-8`,
      { headers: { accept: FORMATS } },
    );
  return format;
}

export function encodingOf(contentEncoding: string | undefined): Encoding {
  switch (contentEncoding?.trim().toLowerCase() ?? 'identity') {
    case 'identity':
    case '':
      return 'identity';
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'zstd':
      return 'zstd';
    default:
      // RFC 9110 §15.5.16: Accept-Encoding in a 415 says that the coding was the trouble.
      throw new ProblemError(
        'unsupported-media-type',
        `content encoding ${contentEncoding} is not read; send ${ENCODINGS}`,
        {
          headers: { 'accept-encoding': ENCODINGS },
        },
      );
  }
}

/** The whole body and its budget, or the problem that fits the refusal. */
export async function bodyOf(
  request: FastifyRequest,
  context: ApiContext,
  maxBodyBytes = context.settings.maxBodyBytes,
): Promise<Extract<BodyOutcome, { kind: 'read' }>> {
  const encoding = encodingOf(request.headers['content-encoding']);
  const length = request.headers['content-length'];
  const limits = { maxBodyBytes, decompressionRatio: context.settings.decompressionRatio };
  const outcome = await readBody(
    request.raw,
    encoding,
    length === undefined ? undefined : Number(length),
    limits,
    context.bodyBudget,
  );
  switch (outcome.kind) {
    case 'read':
      chargeBody(request, outcome.body.length);
      return outcome;
    case 'too-large':
      throw new ProblemError(
        'body-too-large',
        `the body has more than ${outcome.limit} bytes after decompression; send smaller batches`,
        {
          extras: { limit_bytes: String(outcome.limit) },
        },
      );
    case 'ratio':
      throw new ProblemError('body-too-large', `the body unpacks to more than ${outcome.ratio} times its size`, {
        extras: { limit_ratio: outcome.ratio },
      });
    case 'no-budget':
      throw new ProblemError('overloaded', 'the memory for request bodies is in use; send again later', {
        extras: { scope: 'memory' },
        retryAfterMs: BODY_RETRY_MS,
      });
    case 'damaged':
      throw new ProblemError('invalid-body', `the ${encoding} body is damaged: ${outcome.cause}`);
    case 'aborted':
      throw new ProblemError('invalid-body', 'the request ended before its body was complete');
  }
}

/** A small JSON document: definitions, not records. */
export const jsonBodyOf = async (request: FastifyRequest, context: ApiContext): Promise<unknown> =>
  parsed(await jsonTextOf(request, context), JSON.parse);

/** The text of a small JSON document, for those who need its numbers digit by digit. */
export async function jsonTextOf(request: FastifyRequest, context: ApiContext): Promise<string> {
  if (formatOf(request.headers['content-type']) !== 'json')
    throw new ProblemError('unsupported-media-type', 'this body is application/json', {
      headers: { accept: 'application/json' },
    });
  const { body, release } = await bodyOf(request, context, MAX_DEFINITION_BYTES);
  try {
    return parsed(body, (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } finally {
    release();
  }
}

/** What `parse` makes of it; what it throws is the body's fault. */
export function parsed<A, B>(given: A, parse: (given: A) => B): B {
  try {
    return parse(given);
  } catch (error) {
    throw new ProblemError('invalid-body', `the body is not JSON: ${messageOf(error)}`);
  }
}

/** A table's dead letters over HTTP: what there is, one whole, replay and discard. Owns wire forms; the rules are behind the port. */
import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import type { DeadLetter, LetterAction, LetterFilter, Settled } from '../../contracts/dead-letters.ts';
import { isExactObject, parseExact, printExact } from '../../core/exact-json.ts';
import { formatTableName } from '../../core/ids.ts';
import { LETTER_STATUSES } from '../../record/dead-letter-table.ts';
import type { ApiContext } from '../context.ts';
import {
  discardLettersDocs,
  exportLettersDocs,
  listLettersDocs,
  replayLettersDocs,
  showLetterDocs,
} from '../document/dead-letter-docs.ts';
import { formatPosition } from '../position-text.ts';
import { ProblemError } from '../problems.ts';
import { QueryParameters } from '../query-parameters.ts';
import { found, jsonTextOf, noParameters, parsed, tableOf } from '../requests.ts';
import { TABLE, type Handler, type Route } from '../route.ts';
import { json, toJson } from '../wire.ts';

const LETTERS = `${TABLE}/dead-letters`;
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;
const MAX_IDS = 1_000;
const RETRY_MS = 30_000;

export const deadLetterRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: LETTERS,
    access: 'read',
    summary: 'List dead letters, with counts by code and pointer',
    handler: listLetters(context),
    docs: listLettersDocs,
  },
  {
    method: 'GET',
    path: `${LETTERS}/export`,
    access: 'read',
    summary: 'Dead letters as NDJSON, page by page',
    handler: exportLetters(context),
    docs: exportLettersDocs,
  },
  {
    method: 'GET',
    path: `${LETTERS}/:letter`,
    access: 'read',
    summary: 'One dead letter with its original bytes',
    handler: showLetter(context),
    docs: showLetterDocs,
  },
  {
    method: 'POST',
    path: `${LETTERS}/replay`,
    access: 'maintain',
    summary: 'Put dead letters into their table, as they are or patched',
    handler: settleLetters(context, 'replay'),
    docs: replayLettersDocs,
  },
  {
    method: 'POST',
    path: `${LETTERS}/discard`,
    access: 'maintain',
    summary: 'Mark dead letters as done with',
    handler: settleLetters(context, 'discard'),
    docs: discardLettersDocs,
  },
];

const FILTERS = ['code', 'batch', 'status'];

function filterOf(query: QueryParameters): LetterFilter {
  const [code, batch] = [query.text('code'), query.text('batch')];
  const status = query.word('status', [...LETTER_STATUSES, 'any'], 'open');
  return {
    ...(code === undefined ? {} : { code }),
    ...(batch === undefined ? {} : { batch }),
    ...(status === 'any' ? {} : { status }),
  };
}

async function pageOf(context: ApiContext, request: FastifyRequest, query: QueryParameters) {
  const after = query.text('after');
  const limit = query.count('limit', DEFAULT_LIMIT, MAX_LIMIT);
  const page = { limit, ...(after === undefined ? {} : { after }) };
  return found(request, await context.deadLetters.list(tableOf(request), filterOf(query), page));
}

const listLetters =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const query = new QueryParameters(request.query, [...FILTERS, 'after', 'limit']);
    const { letters, next } = await pageOf(context, request, query);
    const groups = found(request, await context.deadLetters.groups(tableOf(request), filterOf(query)));
    return json(reply, 200, {
      table: formatTableName(tableOf(request)),
      groups: groups.map(({ firstAt, lastAt, ...group }) => ({ ...group, first_at: firstAt, last_at: lastAt })),
      dead_letters: letters.map(letterJson),
      ...(next === undefined ? {} : { next }),
    });
  };

const exportLetters =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const query = new QueryParameters(request.query, [...FILTERS, 'after', 'limit']);
    const { letters, next } = await pageOf(context, request, query);
    reply.code(200).header('content-type', 'application/x-ndjson');
    if (next !== undefined) reply.header('next-after', next);
    return letters.map((letter) => `${toJson(letterJson(letter))}\n`).join('');
  };

const showLetter =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const id = (request.params as { readonly letter: string }).letter;
    const page = await context.deadLetters.list(tableOf(request), { ids: [id] }, { limit: 1 });
    const [letter] = found(request, page).letters;
    if (letter === undefined)
      throw new ProblemError('no-such-dead-letter', `"${id}" is no dead letter of the table that is committed yet`);
    return json(reply, 200, letterJson(letter));
  };

const settleLetters =
  (context: ApiContext, kind: LetterAction['kind']): Handler =>
  async (request, reply) => {
    noParameters(request);
    const table = tableOf(request);
    const body = parsed(await jsonTextOf(request, context), parseExact);
    const { filter, after, patch } = selectionOf(body, kind);
    const action: LetterAction = kind === 'discard' ? { kind } : { kind, ...(patch === undefined ? {} : { patch }) };
    const settled = found(request, await context.deadLetters.settle(table, action, filter, after));
    if ('kind' in settled)
      throw new ProblemError('table-stopped', settled.reason, {
        extras: { table: formatTableName(table), try: settled.remedy },
        retryAfterMs: RETRY_MS,
      });
    return json(reply, 200, { table: formatTableName(table), ...settledJson(kind, settled) });
  };

/** Which letters, and for a replay the patch. Nothing is chosen by leaving everything out: `{"all": true}` says it. */
function selectionOf(
  body: unknown,
  kind: LetterAction['kind'],
): { readonly filter: LetterFilter; readonly after?: string; readonly patch?: string } {
  const known = ['ids', 'batch', 'code', 'all', 'after', ...(kind === 'replay' ? ['patch'] : [])];
  if (!isExactObject(body)) throw invalid(`the body is an object of ${known.join(', ')}`);
  const strange = Object.keys(body).find((key) => !known.includes(key));
  if (strange !== undefined) throw invalid(`"${strange}" is not known; known are ${known.join(', ')}`);
  const { ids, batch, code, all, after, patch } = body;
  for (const [name, value] of Object.entries({ batch, code, after }))
    if (value !== undefined && typeof value !== 'string') throw invalid(`"${name}" is a text`);
  if (ids !== undefined && !(isTexts(ids) && ids.length <= MAX_IDS))
    throw invalid(`"ids" is a list of at most ${MAX_IDS} ids`);
  if (all !== undefined && typeof all !== 'boolean') throw invalid('"all" is true or false');
  if (ids === undefined && batch === undefined && code === undefined && all !== true)
    throw invalid('name the dead letters by ids, batch or code, or all of them by "all": true');
  if (patch !== undefined && !isExactObject(patch)) throw invalid('"patch" is an object: a JSON merge patch');
  return {
    filter: {
      ...(ids === undefined ? {} : { ids }),
      ...(batch === undefined ? {} : { batch: batch as string }),
      ...(code === undefined ? {} : { code: code as string }),
    },
    ...(after === undefined ? {} : { after: after as string }),
    ...(patch === undefined ? {} : { patch: printExact(patch) }),
  };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

const settledJson = (kind: LetterAction['kind'], settled: Settled) => ({
  [kind === 'replay' ? 'replayed' : 'discarded']: settled.done,
  batch: settled.batch,
  ...(settled.position === undefined ? {} : { position: formatPosition(settled.position) }),
  kept: settled.keptTotal,
  errors: settled.kept,
  ...(settled.next === undefined ? {} : { next: settled.next }),
  ...(settled.interrupted === undefined ? {} : { interrupted: settled.interrupted }),
});

/** `original` when the bytes are text; the bytes themselves always. */
const letterJson = (letter: DeadLetter) => {
  const bytes = Buffer.from(letter.original.buffer, letter.original.byteOffset, letter.original.byteLength);
  return {
    id: letter.id,
    status: letter.status,
    batch: letter.batch,
    received_at: letter.receivedAt,
    cause: letter.cause,
    code: letter.code,
    pointer: letter.pointer,
    expected: letter.expected,
    got: letter.got,
    detail: letter.detail,
    record: letter.record,
    line: letter.line,
    request_id: letter.requestId,
    schema_id: letter.schemaId,
    ...(letter.position === undefined ? {} : { position: formatPosition(letter.position) }),
    ...(isUtf8(bytes) ? { original: bytes.toString('utf8') } : {}),
    original_base64: bytes.toString('base64'),
  };
};

const invalid = (detail: string): ProblemError => new ProblemError('invalid-request', detail);

/**
 * One random request as the bytes that go over the wire, in pieces, and what its answer may be. Equal seed and number: equal request.
 * Sound requests carry records to `fuzz.exact`, whose content is known to the id; requests with damaged bytes go to `fuzz.damaged`.
 */
import { Chance } from '../support/chance.ts';
import type { FuzzBody } from './fuzz-body.ts';
import { randomBody } from './fuzz-body.ts';

export interface FuzzRequest {
  readonly name: string;
  /** For answers and the document. */
  readonly method: string;
  readonly path: string;
  readonly pieces: readonly Buffer[];
  /** Whether the head went out as meant: else only the form of the answer can be told. */
  readonly sound: boolean;
  /** The client stops sending, and goes, before the request is complete. */
  readonly cut: boolean;
  /** Records that `fuzz.exact` must hold if it is accepted. */
  readonly records: { readonly first: number; readonly count: number; readonly dryRun: boolean } | undefined;
}

const BAD_QUERIES = [
  'ack=never',
  'ack=durable&ack=durable',
  'timeout=5',
  'timeout=99999999m',
  'nonsense=1',
  '%ff=%fe',
  'dry_run=yes',
  'unknown_fields',
  '__proto__=1',
  'a'.repeat(3_000),
  Array.from({ length: 500 }, (_, index) => `p${index}=1`).join('&'),
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH'];
const NAMES = [
  'fuzz.exact',
  'fuzz.none',
  'fuzz',
  '..',
  'a.b.c.d',
  'fuzz.%00',
  '%2e%2e%2f',
  'fuzz.ex%61ct',
  'ü.ö',
  `x.${'y'.repeat(400)}`,
  '',
];
const HEADERS: readonly (readonly [string, string])[] = [
  ['accept', 'text/html'],
  ['accept-encoding', 'gzip, br;q=0.1'],
  ['authorization', 'Basic Zm9vOmJhcg=='],
  ['cookie', 'a=b; c=d'],
  ['x-forwarded-for', '10.0.0.1'],
  ['origin', 'null'],
  ['if-none-match', '*'],
  ['range', 'bytes=0-1'],
  ['x-long', 'v'.repeat(9_000)],
  ['x-latin', 'é'],
  ['expect', '100-continue'],
  ['connection', 'keep-alive'],
  ['te', 'trailers'],
  ['idempotency-key-of-nobody', '"k"'],
];

export function fuzzRequest(seed: number, index: number, firstId: number): FuzzRequest {
  const chance = new Chance(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca77));
  const name = `seed ${seed} request ${index}`;
  if (chance.oneIn(5)) return { name, ...controlRequest(chance) };
  return { name, ...(chance.oneIn(3) ? damagedAppend(chance, firstId) : soundAppend(chance, firstId)) };
}

type Unnamed = Omit<FuzzRequest, 'name'>;

function soundAppend(chance: Chance, first: number): Unnamed {
  const body = randomBody(chance, first);
  const dryRun = chance.oneIn(12);
  const query = [
    ...(chance.oneIn(4) ? ['ack=durable'] : chance.oneIn(100) ? ['ack=committed&timeout=2s'] : []),
    ...(dryRun ? ['dry_run=true'] : []),
    ...(chance.oneIn(5) ? ['unknown_fields=reject'] : []),
    ...(chance.oneIn(10) ? [chance.pick(BAD_QUERIES)] : []),
  ].join('&');
  const path = '/api/v1/tables/fuzz.exact/records';
  const wire = append(chance, path + (query === '' ? '' : `?${query}`), body);
  const cut = chance.oneIn(15);
  const whole = Buffer.concat([wire.head, wire.body]);
  const bytes = cut ? whole.subarray(0, chance.below(whole.length)) : whole;
  return {
    method: 'POST',
    path,
    pieces: inPieces(chance, bytes),
    sound: true,
    cut,
    records: { first, count: body.count, dryRun },
  };
}

function damagedAppend(chance: Chance, first: number): Unnamed {
  const path = '/api/v1/tables/fuzz.damaged/records';
  const wire = append(chance, path, randomBody(chance, first));
  const inHead = chance.oneIn(3);
  const bytes = inHead
    ? Buffer.concat([damage(chance, wire.head), wire.body])
    : Buffer.concat([wire.head, damage(chance, wire.body, wire.chunked)]);
  return { method: 'POST', path, pieces: inPieces(chance, bytes), sound: !inHead, cut: false, records: undefined };
}

function controlRequest(chance: Chance): Unnamed {
  const table = `/api/v1/tables/${chance.pick(NAMES)}`;
  const path = chance.pick([
    '/livez',
    '/readyz',
    '/metrics',
    '/version',
    '/problems/internal',
    '/problems/nothing',
    '/api/v1/openapi.json',
    '/api/v1/tables',
    '/api/v1/actions/flush',
    '/',
    '//',
    '/api/v1/../../etc/passwd',
    '/%',
    '/%zz',
    '/api/v2/tables',
    `/${'deep/'.repeat(200)}`,
    table,
    `${table}/snapshots`,
    `${table}/files`,
    `${table}/checkpoints`,
    `${table}/actions/flush`,
    `${table}/records`,
    `${table}/positions/${chance.pick(['p', `p${'0'.repeat(32)}-1`, `p${'f'.repeat(32)}-99999999999999999999`, '%20'])}`,
  ]);
  const method = chance.oneIn(3) ? chance.pick(METHODS) : chance.pick(['GET', 'POST']);
  const query = chance.oneIn(5) ? `?${chance.pick(BAD_QUERIES)}` : '';
  const body = chance.oneIn(2) ? Buffer.from(definition(chance)) : Buffer.alloc(0);
  const head = [
    `${method} ${path}${query} HTTP/1.1`,
    'host: localhost',
    ...extraHeaders(chance),
    ...(body.length > 0 ? [`content-type: ${chance.pick(['application/json', 'text/plain', '*/*', ';'])}`] : []),
    ...(body.length > 0 || method === 'POST' ? [`content-length: ${body.length}`] : []),
    '',
    '',
  ].join('\r\n');
  return {
    method,
    path: path.replace(/\?.*$/s, ''),
    pieces: inPieces(chance, Buffer.concat([Buffer.from(head, 'latin1'), body])),
    sound: true,
    cut: false,
    records: undefined,
  };
}

/** A few tables, so that their number stays bounded; most definitions are wrong in some way. */
const definition = (chance: Chance): string =>
  chance.pick([
    () =>
      `{"name":"fuzz.t${chance.below(4)}","schema":[{"name":"a","type":"${chance.pick(['long', 'string', 'decimal(9,2)'])}"}]}`,
    () =>
      `{"name":"fuzz.t1","schema":{"fields":[{"name":"a","type":"list<${'list<'.repeat(chance.below(500))}int>"}]}}`,
    () => `{"name":"${'n'.repeat(chance.below(400))}.x","schema":[]}`,
    () => '{"name":"fuzz.t2","schema":[{"name":"a","type":"long"}],"partition_by":["bucket(0, a)","day(a)",7]}',
    () => '{"name":"fuzz.t3","schema":[{"name":"a","type":"long"}],"properties":{"format-version":"3","a":{}}}',
    () => '{"name":{"a":1},"schema":"x","sort_by":{},"identifier":[null]}',
    () => '['.repeat(50_000),
    () => '{',
    () => '\u0000',
  ])();

function append(chance: Chance, target: string, body: FuzzBody) {
  const chunked = chance.oneIn(4);
  const length = chunked ? 'transfer-encoding: chunked' : `content-length: ${body.bytes.length}`;
  const head = [
    `POST ${target} HTTP/1.1`,
    'host: localhost',
    `content-type: ${body.contentType}`,
    ...(body.contentEncoding === undefined ? [] : [`content-encoding: ${body.contentEncoding}`]),
    ...extraHeaders(chance),
    length,
    '',
    '',
  ].join('\r\n');
  return { head: Buffer.from(head, 'latin1'), body: chunked ? inChunks(chance, body.bytes) : body.bytes, chunked };
}

const extraHeaders = (chance: Chance): readonly string[] =>
  chance.oneIn(3) ? Array.from({ length: chance.below(4) }, () => chance.pick(HEADERS).join(': ')) : [];

function inChunks(chance: Chance, bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = Math.min(bytes.length - at, chance.between(1, chance.pick([3, 100, 70_000])));
    const extension = chance.oneIn(30) ? ';name="value"' : '';
    parts.push(Buffer.from(`${size.toString(16)}${extension}\r\n`), bytes.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
    if (parts.length > 600) {
      parts.push(Buffer.from(`${(bytes.length - at).toString(16)}\r\n`), bytes.subarray(at), Buffer.from('\r\n'));
      if (at === bytes.length) parts.splice(-3);
      break;
    }
  }
  parts.push(Buffer.from(`0\r\n${chance.oneIn(20) ? 'trailer: yes\r\n' : ''}\r\n`));
  return Buffer.concat(parts);
}

/** A few bytes flipped, dropped or put in; `free` damage may change the length, which chunk sizes do not survive. */
function damage(chance: Chance, bytes: Buffer, free = true): Buffer {
  let damaged = Buffer.from(bytes);
  for (let times = chance.between(1, 4); times > 0 && damaged.length > 0; times -= 1) {
    const at = chance.below(damaged.length);
    switch (chance.below(free ? 3 : 1)) {
      case 0:
        damaged[at] = chance.below(256);
        break;
      case 1:
        damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + chance.between(1, 5))]);
        break;
      default:
        damaged = Buffer.concat([damaged.subarray(0, at), chance.bytes(chance.between(1, 5)), damaged.subarray(at)]);
    }
  }
  return damaged;
}

function inPieces(chance: Chance, bytes: Buffer): readonly Buffer[] {
  if (chance.oneIn(2)) return [bytes];
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length && pieces.length < 8;) {
    const size = pieces.length === 7 ? bytes.length : chance.between(1, Math.max(1, bytes.length >> 1));
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

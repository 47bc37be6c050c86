/** Random bodies of records: what they hold, whether the table takes them, and how they are packed. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Chance } from '../support/chance.ts';

export const COLUMNS = [
  { name: 'id', type: 'long', required: true },
  { name: 'text', type: 'string' },
  { name: 'at', type: 'timestamptz' },
  { name: 'price', type: 'decimal(9,2)' },
  { name: 'tags', type: { type: 'list', element: 'string' } },
  {
    name: 'place',
    type: {
      type: 'struct',
      fields: [
        { name: 'lat', type: 'double' },
        { name: 'lon', type: 'double' },
      ],
    },
  },
];

const TEXTS = [
  '',
  'plain',
  'ünïcödé 🌊',
  '\u0000',
  '"\\',
  '\u2028',
  'a'.repeat(300),
  'line\nbreak',
  '{"id":1}',
  '\u007f',
];

/** A record the table takes. */
function good(chance: Chance, id: number): string {
  const members = [`"id":${id}`];
  const add = (text: string): void => void members.splice(chance.below(members.length + 1), 0, text);
  if (chance.oneIn(2)) add(`"text":${JSON.stringify(chance.pick(TEXTS))}`);
  if (chance.oneIn(3)) add(`"at":"2026-0${chance.between(1, 9)}-11T10:00:0${chance.below(10)}Z"`);
  if (chance.oneIn(3)) add(`"price":${chance.pick(['1', '"2.50"', '-0.01', '1e3', 'null'])}`);
  if (chance.oneIn(4)) add(`"tags":[${Array.from({ length: chance.below(5) }, () => '"t"').join(',')}]`);
  if (chance.oneIn(4)) add(`"place":{"lat":${chance.below(90)}.5,"lon":null}`);
  const space = chance.pick(['', '', ' ', '\t']);
  return `{${space}${members.join(`${space},${space}`)}${space}}`;
}

/** A record the table refuses; most hold the id all the same. */
function bad(chance: Chance, id: number): string {
  const deep = chance.between(65, 2_000);
  return chance.pick([
    () => '{}',
    () => `{"id":${id}.5}`,
    () => `{"id":"${id}"}`,
    () => `{"id":${id},"id":${id}}`,
    () => `{"id":${id},"nowhere":1}`,
    () => `{"id":${id},"text":5}`,
    () => `{"id":${id},"price":1.005}`,
    () => `{"id":${id},"at":"yesterday"}`,
    () => `{"id":${id},"tags":{}}`,
    () => `{"id":${id},"place":[]}`,
    () => `{"id":${id}`,
    () => `{"id":${id}}}`,
    () => `{"id":${id},}`,
    () => `{'id':${id}}`,
    () => `{"id":99999999999999999999}`,
    () => `{"id":1${'0'.repeat(2_000)}}`,
    () => `{"id":${id},"tags":${'['.repeat(deep)}${']'.repeat(deep)}}`,
    () => '['.repeat(deep),
    () => `{"id":${id},"text":"\\ud800"}`,
    () => `{"__proto__":{"id":${id}},"constructor":1}`,
    () => 'null',
    () => `"${id}"`,
    () => `{"id":${id},"text":"${String.fromCharCode(1)}"}`,
  ])();
}

export interface FuzzBody {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  /** Ids `[first, first + count)` are in it, if it is good. */
  readonly count: number;
  readonly good: boolean;
}

/** `first` on are free ids. */
export function randomBody(chance: Chance, first: number): FuzzBody {
  const count = chance.oneIn(40) ? chance.between(100, 3_000) : chance.below(12);
  const badAt = chance.oneIn(3) && count > 0 ? chance.below(count) : -1;
  const records = Array.from({ length: count }, (_, index) =>
    index === badAt ? bad(chance, first + index) : good(chance, first + index),
  );
  const ndjson = chance.oneIn(2);
  const text = ndjson ? asLines(chance, records) : asArray(chance, records);
  const packed = pack(chance, Buffer.from(text));
  return {
    bytes: packed.bytes,
    contentEncoding: packed.encoding,
    contentType: ndjson
      ? chance.pick(['application/x-ndjson', 'Application/X-NDJSON; charset=UTF-8'])
      : chance.pick(['application/json', 'application/json;charset="utf-8"', 'APPLICATION/JSON; foo=bar']),
    count,
    good: badAt < 0,
  };
}

const asLines = (chance: Chance, records: readonly string[]): string =>
  records.map((record) => `${chance.oneIn(10) ? '\n  \r\n' : ''}${record}`).join(chance.pick(['\n', '\r\n'])) +
  chance.pick(['', '\n', '\n\n']);

const asArray = (chance: Chance, records: readonly string[]): string =>
  records.length === 1 && chance.oneIn(2) ? (records[0] ?? '') : `[${records.join(chance.pick([',', ' ,\n']))}]`;

function pack(chance: Chance, text: Buffer): { readonly bytes: Buffer; readonly encoding: string | undefined } {
  switch (chance.below(8)) {
    case 0:
      return { bytes: gzipSync(text), encoding: chance.pick(['gzip', 'GZIP', 'x-gzip']) };
    case 1:
      return { bytes: zstdCompressSync(text), encoding: 'zstd' };
    case 2: {
      const cut = chance.below(text.length + 1);
      const [head, tail] = [text.subarray(0, cut), text.subarray(cut)];
      return { bytes: Buffer.concat([zstdCompressSync(head), zstdCompressSync(tail)]), encoding: 'zstd' };
    }
    case 3:
      return { bytes: text, encoding: 'identity' };
    default:
      return { bytes: text, encoding: undefined };
  }
}

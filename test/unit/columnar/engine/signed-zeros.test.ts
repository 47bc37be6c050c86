/** Both zeros come back with their signs, from columns of few values too: a reader that divides by them sees the difference. */
import { describe, expect, it } from 'vitest';
import type { FileLayout } from '../../../../src/contracts/column-engine.ts';
import type { Transform } from '../../../../src/record/partition-spec.ts';
import type { Type } from '../../../../src/record/types.ts';
import { inputOf, useRewriter } from '../rewrite/rewriter-in-test.ts';
import { field, layoutOf, useEngine } from './engine-in-test.ts';

const use = useEngine();
const { rewrite } = useRewriter();

const DOUBLE: Type = { kind: 'double' };
const ROWS = 4_000;
/** A zero of either sign, one value beside them, and null. */
const VALUES = ['0.0', '-0.0', '7.5', 'null'];
const valueOf = (row: number): string => VALUES[row % VALUES.length] ?? 'null';

interface Shape {
  readonly type: Type;
  /** JSON of a value, from that of the number inside. */
  readonly json: (number: string) => string;
  /** The number inside, as SQL over column `v`. */
  readonly sql: string;
}

const shapes: Readonly<Record<string, Shape>> = {
  double: { type: DOUBLE, json: (number) => number, sql: 'v' },
  float: { type: { kind: 'float' }, json: (number) => number, sql: 'v' },
  'struct in a struct': {
    type: {
      kind: 'struct',
      fields: [field(20, 's', { kind: 'struct', fields: [field(21, 'a', { kind: 'long' }), field(22, 'b', DOUBLE)] })],
    },
    json: (number) => `{"s":{"a":1,"b":${number}}}`,
    sql: 'v.s.b',
  },
  list: {
    type: { kind: 'list', elementId: 20, element: DOUBLE, elementRequired: false },
    json: (number) => `[1.5,${number}]`,
    sql: 'v[2]',
  },
  'list of structs of lists': {
    type: {
      kind: 'list',
      elementId: 20,
      elementRequired: false,
      element: {
        kind: 'struct',
        fields: [field(21, 'l', { kind: 'list', elementId: 22, element: DOUBLE, elementRequired: false })],
      },
    },
    json: (number) => `[null,{"l":null},{"l":[${number}]}]`,
    sql: 'v[3].l[1]',
  },
  'value of a map': {
    type: { kind: 'map', keyId: 20, key: { kind: 'string' }, valueId: 21, value: DOUBLE, valueRequired: false },
    json: (number) => `{"k":${number}}`,
    sql: `v['k']`,
  },
  'key of a map': {
    type: { kind: 'map', keyId: 20, key: DOUBLE, valueId: 21, value: { kind: 'int' }, valueRequired: false },
    json: (number) => (number === 'null' ? 'null' : `[{"key":${number},"value":1}]`),
    sql: 'map_keys(v)[1]',
  },
};

const layoutOfShape = ({ type }: Shape, parts: Partial<FileLayout> = {}): FileLayout =>
  layoutOf([field(1, 'id', { kind: 'long' }), field(2, 'v', type), field(3, 'word', { kind: 'string' })], parts);
const linesOf = ({ json }: Shape): readonly string[] =>
  Array.from({ length: ROWS }, (_, row) => `{"id":${row},"v":${json(valueOf(row))},"word":"w${row % 3}"}`);

/** What one divided by the number is, as text, by id: that of the zeros is infinite, of either sign. */
async function inverses(paths: readonly string[], { sql }: Shape): Promise<readonly string[]> {
  const list = paths.map((path) => `'${path}'`).join(', ');
  const rows = await use.read(
    `SELECT coalesce(CAST(1 / CAST(${sql} AS DOUBLE) AS VARCHAR), 'null') AS inverse FROM read_parquet([${list}], hive_partitioning = false) ORDER BY id`,
  );
  return rows.map(({ inverse }) => inverse as string);
}
const INVERSES: Readonly<Record<string, string>> = {
  '0.0': 'inf',
  '-0.0': '-inf',
  '7.5': '0.13333333333333333',
  null: 'null',
};
const expected = Array.from({ length: ROWS }, (_, row) => INVERSES[valueOf(row)] ?? '');

const partitioned = (sourceId: number, transform: Transform): Partial<FileLayout> => ({
  spec: { specId: 1, fields: [{ sourceId, fieldId: 1000, name: 'p', transform }] },
});
const sorted: Partial<FileLayout> = {
  sortOrder: {
    orderId: 1,
    fields: [{ sourceId: 2, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }],
  },
};
const arrangements: Readonly<Record<string, Partial<FileLayout>>> = {
  'sorted by the zeros': sorted,
  'partitioned by another column': partitioned(3, { kind: 'identity' }),
  'partitioned by the zeros': partitioned(2, { kind: 'identity' }),
  'partitioned into more than one copy takes': partitioned(1, { kind: 'bucket', buckets: 250 }),
  'partitioned and sorted': { ...partitioned(3, { kind: 'identity' }), ...sorted },
};

describe.each(Object.entries(shapes))('both zeros in a column of type %s', (_name, shape) => {
  it('keep their signs from the record to the file, and from file to file', async () => {
    const layout = layoutOfShape(shape);
    const files = await use.write(layout, linesOf(shape));
    expect(
      await inverses(
        files.map(({ localPath }) => localPath),
        shape,
      ),
    ).toEqual(expected);
    const rewritten = await rewrite({ layout, inputs: files.map((file) => inputOf(file)) });
    expect(
      await inverses(
        rewritten.files.map(({ localPath }) => localPath),
        shape,
      ),
    ).toEqual(expected);
  });
});

describe.each(Object.entries(arrangements))('both zeros in a table %s', (_name, parts) => {
  const shape = shapes['double'] as Shape;

  it('keep their signs from the record to the files, and from files to files', async () => {
    const layout = layoutOfShape(shape, parts);
    const files = await use.write(layout, linesOf(shape));
    const paths = files.map(({ localPath }) => localPath);
    expect(await inverses(paths, shape)).toEqual(expected);
    const rewritten = await rewrite({ layout, inputs: files.map((file) => inputOf(file)) });
    const again = rewritten.files.map(({ localPath }) => localPath);
    expect(await inverses(again, shape)).toEqual(expected);
  });
});

it('keep their signs where a rewrite rolls files', async () => {
  const shape = shapes['double'] as Shape;
  const layout = layoutOfShape(shape);
  const inputs = (await use.write(layout, linesOf(shape))).map((file) => inputOf(file));
  const { files } = await rewrite({ layout, inputs, files: 2 });
  const paths = files.map(({ localPath }) => localPath);
  expect(paths.length).toBeGreaterThan(1);
  expect(await inverses(paths, shape)).toEqual(expected);
});

it('of rows without a negative zero, files keep their dictionaries', async () => {
  const layout = layoutOfShape(shapes['double'] as Shape);
  const [file] = await use.write(
    layout,
    Array.from({ length: ROWS }, (_, row) => `{"id":${row},"v":0.0,"word":"w${row % 3}"}`),
  );
  const encodings = await use.read(
    `SELECT path_in_schema AS leaf, encodings FROM parquet_metadata('${file?.localPath}') WHERE leaf <> 'id'`,
  );
  expect(encodings).toEqual([
    { leaf: 'v', encodings: 'PLAIN_DICTIONARY' },
    { leaf: 'word', encodings: 'PLAIN_DICTIONARY' },
  ]);
});

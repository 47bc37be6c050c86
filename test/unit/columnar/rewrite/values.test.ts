/** Every value of every type survives a rewrite, whoever wrote the inputs and whatever the schema was then. */
import { describe, expect, it } from 'vitest';
import type { PrimitiveType } from '../../../../src/record/types.ts';
import { primitiveName } from '../../../../src/record/types.ts';
import { readRows } from '../../../contract/column-engine/parquet-reader.ts';
import { primitiveTypes, printed, samples } from '../../../contract/column-engine/samples.ts';
import type { Values } from '../../../contract/column-engine/subject.ts';
import { columnsOf, lineOf } from '../../../contract/column-engine/subject.ts';
import { field, useEngine } from '../engine/engine-in-test.ts';
import { inputOf, plainLayout, useRewriter } from './rewriter-in-test.ts';

const use = useEngine();
/** One thread keeps the order of rows, on which DuckDB's bounds of texts depend: it leaves some out. */
const { rewrite, path } = useRewriter(1);

const INT: PrimitiveType = { kind: 'int' };
const LONG: PrimitiveType = { kind: 'long' };
const STRING: PrimitiveType = { kind: 'string' };

describe('a rewrite', () => {
  it('keeps every value of every type, nulls among them, in one file of the same form', async () => {
    const fields = columnsOf(primitiveTypes);
    const most = Math.max(...primitiveTypes.map((type) => samples(type).length));
    const rows: Values[] = Array.from({ length: most + 1 }, (_, at) =>
      primitiveTypes.map((type) => samples(type)[at] ?? null),
    );
    const layout = plainLayout(fields);
    const inputs = [];
    for (const row of rows) inputs.push(...(await use.write(layout, [lineOf(fields, row)])));
    const { files, rowsIn, rowsDeleted } = await rewrite({ layout, inputs: inputs.map((file) => inputOf(file)) });

    const [whole] = await use.write(
      layout,
      rows.map((row) => lineOf(fields, row)),
    );
    const [file] = files;
    if (file === undefined || whole === undefined) throw new Error('no file');
    expect({ files: files.length, rowsIn, rowsDeleted }).toEqual({
      files: 1,
      rowsIn: BigInt(rows.length),
      rowsDeleted: 0n,
    });
    const text = (row: Values): string => row.map((value) => printed(value)).join(' | ');
    const read = await readRows(file.localPath, layout.schema);
    expect(read.map((row) => text(fields.map(({ name }) => row[name] ?? null))).toSorted()).toEqual(
      rows.map(text).toSorted(),
    );
    // As a checkpoint would have written the rows: the same facts, but for sizes.
    const facts = ({ metrics: { columnSizes: _sizes, ...metrics }, recordCount, partition }: typeof file) => ({
      metrics,
      recordCount,
      partition,
    });
    expect(facts(file)).toEqual(facts(whole));
  });

  it('keeps nested values, of names that differ in case only too', async () => {
    const fields = [
      field(1, 's', {
        kind: 'struct',
        fields: [
          field(2, 'a', { kind: 'fixed', length: 16 }),
          field(3, 'l', {
            kind: 'list',
            elementId: 4,
            element: { kind: 'decimal', precision: 38, scale: 10 },
            elementRequired: false,
          }),
        ],
      }),
      field(5, 'm', {
        kind: 'map',
        keyId: 6,
        key: { kind: 'string' },
        valueId: 7,
        valueRequired: false,
        value: { kind: 'struct', fields: [field(8, 'u', { kind: 'uuid' }), field(9, 'i', INT)] },
      }),
      field(10, 'B', STRING),
      field(11, 'b', LONG),
    ];
    const lines = [
      '{"s":{"a":"AAECAwQFBgcICQoLDA0ODw==","l":["1.5",null]},"m":{"k":{"u":"f79c3e09-677c-4bbd-a479-3f349cb785e7","i":1},"n":null},"B":"x","b":7}',
      '{"s":null,"m":{},"B":null,"b":null}',
      '{"s":{"a":null,"l":[]},"m":null,"B":"y","b":8}',
    ];
    const layout = plainLayout(fields);
    const inputs = [];
    for (const line of lines) inputs.push(...(await use.write(layout, [line])));
    const { files } = await rewrite({ layout, inputs: inputs.map((file) => inputOf(file)) });
    const [whole] = await use.write(layout, lines);
    const read = (file: string) => use.read(`select * from read_parquet('${file}') order by all`);
    expect(await read(files[0]?.localPath ?? '')).toEqual(await read(whole?.localPath ?? ''));
  });

  it('goes by field ids: renamed, added, dropped and widened columns, at every level', async () => {
    const older = plainLayout([
      field(1, 'id', INT),
      field(2, 'gone', STRING),
      field(3, 'old_name', { kind: 'float' }),
      field(4, 's', { kind: 'struct', fields: [field(5, 'x', INT), field(6, 'gone_too', INT)] }),
      field(7, 'l', {
        kind: 'list',
        elementId: 8,
        elementRequired: false,
        element: { kind: 'struct', fields: [field(9, 'p', INT)] },
      }),
      field(10, 'd', { kind: 'decimal', precision: 4, scale: 2 }),
    ]);
    const newer = plainLayout([
      field(12, 'gone', LONG),
      field(1, 'id', LONG),
      field(3, 'renamed', { kind: 'double' }),
      field(4, 's', { kind: 'struct', fields: [field(11, 'gone_too', STRING), field(5, 'y', LONG)] }),
      field(7, 'l', {
        kind: 'list',
        elementId: 8,
        elementRequired: false,
        element: { kind: 'struct', fields: [field(13, 'q', STRING), field(9, 'p', LONG)] },
      }),
      field(10, 'd', { kind: 'decimal', precision: 12, scale: 2 }),
    ]);
    const [first] = await use.write(older, [
      '{"id":1,"gone":"g","old_name":0.5,"s":{"x":5,"gone_too":6},"l":[{"p":9}],"d":"12.34"}',
    ]);
    const [second] = await use.write(newer, [
      '{"gone":12,"id":2,"renamed":0.25,"s":{"gone_too":"t","y":50},"l":[{"q":"q","p":90}],"d":"1234567890.12"}',
    ]);
    if (first === undefined || second === undefined) throw new Error('no input');
    const { files } = await rewrite({ layout: newer, inputs: [inputOf(first), inputOf(second)] });
    expect(await use.read(`select * from read_parquet('${files[0]?.localPath}') order by id`)).toEqual([
      { gone: null, id: '1', renamed: 0.5, s: { gone_too: null, y: '5' }, l: [{ q: null, p: '9' }], d: '12.34' },
      {
        gone: '12',
        id: '2',
        renamed: 0.25,
        s: { gone_too: 't', y: '50' },
        l: [{ q: 'q', p: '90' }],
        d: '1234567890.12',
      },
    ]);
  });

  it('widens columns that kept their name, in whatever order the files come', async () => {
    const fields = (number: PrimitiveType, whole: PrimitiveType, exact: PrimitiveType) => [
      field(1, 'n', number),
      field(2, 'w', whole),
      field(3, 'd', exact),
    ];
    const decimal = (precision: number): PrimitiveType => ({ kind: 'decimal', precision, scale: 2 });
    const newer = plainLayout(fields({ kind: 'double' }, LONG, decimal(20)));
    const [old] = await use.write(plainLayout(fields({ kind: 'float' }, INT, decimal(5))), [
      '{"n":0.5,"w":1,"d":"1.25"}',
    ]);
    const [young] = await use.write(newer, ['{"n":0.1,"w":9007199254740993,"d":"123456789012345678.25"}']);
    if (old === undefined || young === undefined) throw new Error('no input');
    for (const inputs of [
      [old, young],
      [young, old],
    ]) {
      const { files } = await rewrite({ layout: newer, inputs: inputs.map((file) => inputOf(file)) });
      expect(await use.read(`select * from read_parquet('${files[0]?.localPath}') order by n desc`)).toEqual([
        { n: 0.5, w: '1', d: '1.25' },
        { n: 0.1, w: '9007199254740993', d: '123456789012345678.25' },
      ]);
    }
  });

  it('reads foreign files without ids by the name mapping, and refuses them without one', async () => {
    const file = path('foreign.parquet');
    await use.read(
      `COPY (SELECT 7 AS "oldId", 'v' AS name, encode('bytes') AS raw, uuid '00000000-0000-0000-0000-00000000000f' AS u, 9 AS other) TO '${file}' (FORMAT parquet)`,
    );
    const layout = plainLayout([
      field(1, 'id', LONG),
      field(2, 'name', STRING),
      field(3, 'raw', { kind: 'binary' }),
      field(4, 'u', { kind: 'uuid' }),
    ]);
    const input = { uri: 'file:///f', localPath: file, sequenceNumber: 0n, recordCount: 1n, fileSizeInBytes: 500n };
    const nameMapping = [
      { id: 1, names: ['id', 'oldId'], fields: [] },
      ...layout.schema.fields.slice(1).map(({ id, name }) => ({ id, names: [name], fields: [] })),
    ];
    const { files } = await rewrite({ layout, inputs: [input], nameMapping });
    expect(await use.read(`select id, name, decode(raw) raw, u from read_parquet('${files[0]?.localPath}')`)).toEqual([
      { id: '7', name: 'v', raw: 'bytes', u: '00000000-0000-0000-0000-00000000000f' },
    ]);
    await expect(rewrite({ layout, inputs: [input] })).rejects.toMatchObject({ kind: 'unsupported' });
  });

  it('takes columns that only the directory of a file names from its partition', async () => {
    for (const type of primitiveTypes) {
      const layout = plainLayout([field(1, 'id', LONG), field(2, 'p', type)]);
      const [input] = await use.write(plainLayout([field(1, 'id', LONG)]), ['{"id":1}']);
      if (input === undefined) throw new Error('no input');
      for (const value of [null, ...samples(type)]) {
        const { files } = await rewrite({ layout, inputs: [inputOf(input)], constants: new Map([[2, value]]) });
        const [row] = await readRows(files[0]?.localPath ?? '', layout.schema);
        expect(printed(row?.['p'] ?? null), primitiveName(type)).toBe(printed(value));
      }
    }
  });

  it('refuses an input with another number of rows than its manifest says', async () => {
    const layout = plainLayout([field(1, 'id', LONG)]);
    const [input] = await use.write(layout, ['{"id":1}', '{"id":2}']);
    if (input === undefined) throw new Error('no input');
    await expect(rewrite({ layout, inputs: [{ ...inputOf(input), recordCount: 3n }] })).rejects.toMatchObject({
      kind: 'corrupt',
    });
  });
});

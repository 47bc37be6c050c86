/** Deletes of foreign writers applied by the rules of the specification. */
import { describe, expect, it } from 'vitest';
import type { PrimitiveType } from '../../../../src/record/types.ts';
import { field, useEngine } from '../engine/engine-in-test.ts';
import { inputOf, plainLayout, useRewriter } from './rewriter-in-test.ts';

const use = useEngine();
const { rewrite, path } = useRewriter();
const LONG: PrimitiveType = { kind: 'long' };
const STRING: PrimitiveType = { kind: 'string' };

const layout = plainLayout([
  field(1, 'id', LONG),
  field(2, 'k', STRING),
  field(3, 's', { kind: 'struct', fields: [field(4, 'v', LONG)] }),
]);
const line = (id: number, k: string | null, v: number | null): string => JSON.stringify({ id, k, s: { v } });

async function written(lines: readonly string[], sequence: bigint) {
  const [file] = await use.write(layout, lines);
  if (file === undefined) throw new Error('no input');
  return inputOf(file, sequence);
}

async function idsOf(files: readonly { readonly localPath: string }[]): Promise<readonly number[]> {
  if (files.length === 0) return [];
  const list = files.map((file) => `'${file.localPath}'`).join(', ');
  return (await use.read(`select id from read_parquet([${list}]) order by id`)).map(({ id }) => Number(id));
}

/** Rows of `sql` as a delete file; `ids` are the field ids of its columns. */
async function deleteFile(name: string, sql: string, ids: string): Promise<string> {
  const localPath = path(`${name}.parquet`);
  await use.read(`COPY (${sql}) TO '${localPath}' (FORMAT parquet, FIELD_IDS {${ids}})`);
  return localPath;
}

describe('deletes in a rewrite', () => {
  it('by position: only of the file they name, and not of one that is younger', async () => {
    const a = await written([line(0, 'a', 0), line(1, 'a', 1), line(2, 'a', 2)], 5n);
    const b = await written([line(10, 'b', 0), line(11, 'b', 1)], 5n);
    const rows = [
      `('${a.uri}', 1)`,
      `('${a.uri}', 1)`,
      `('${b.uri}', 0)`,
      `('s3://bucket/table/data/elsewhere.parquet', 2)`,
    ].join(', ');
    const localPath = await deleteFile(
      'positions',
      `SELECT * FROM (VALUES ${rows}) v(file_path, pos)`,
      'file_path: 2147483546, pos: 2147483545',
    );
    const same = await rewrite({ layout, inputs: [a, b], positionDeletes: [{ localPath, sequenceNumber: 5n }] });
    expect(await idsOf(same.files)).toEqual([0, 2, 11]);
    expect(same).toMatchObject({ rowsIn: 5n, rowsDeleted: 2n });
    const older = await rewrite({ layout, inputs: [a, b], positionDeletes: [{ localPath, sequenceNumber: 4n }] });
    expect(await idsOf(older.files)).toEqual([0, 1, 2, 10, 11]);
  });

  it('by equality: of files strictly older, null equal to null, in all columns of the ids', async () => {
    const old = await written([line(1, 'a', 1), line(2, null, 1), line(3, 'a', null), line(4, 'b', 1)], 5n);
    const young = await written([line(5, 'a', 1), line(6, null, 1)], 6n);
    const localPath = await deleteFile(
      'equality',
      `SELECT * FROM (VALUES ('a', struct_pack(v := 1)), (NULL, struct_pack(v := 1)), ('a', struct_pack(v := 1))) t(k, s)`,
      'k: 2, s: {__duckdb_field_id: 3, v: 4}',
    );
    const deletes = (sequenceNumber: bigint) => [{ localPath, sequenceNumber, equalityIds: [4, 2] }];
    const some = await rewrite({ layout, inputs: [old, young], equalityDeletes: deletes(6n) });
    expect(await idsOf(some.files)).toEqual([3, 4, 5, 6]);
    expect(some.rowsDeleted).toBe(2n);
    const all = await rewrite({ layout, inputs: [old, young], equalityDeletes: deletes(7n) });
    expect(await idsOf(all.files)).toEqual([3, 4]);
    const none = await rewrite({ layout, inputs: [old, young], equalityDeletes: deletes(5n) });
    expect(await idsOf(none.files)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('of both kinds and several id sets together, each row counted once', async () => {
    const data = await written([line(0, 'a', 0), line(1, 'b', 1), line(2, 'c', 2), line(3, 'd', 3)], 1n);
    const positions = await deleteFile(
      'both-positions',
      `SELECT '${data.uri}' AS file_path, 0::BIGINT AS pos`,
      'file_path: 2147483546, pos: 2147483545',
    );
    const byKey = await deleteFile('both-key', `SELECT * FROM (VALUES ('a'), ('b')) v(k)`, 'k: 2');
    const byId = await deleteFile('both-id', `SELECT 2::INTEGER AS whatever`, 'whatever: 1');
    const { files, rowsDeleted } = await rewrite({
      layout,
      inputs: [data],
      positionDeletes: [{ localPath: positions, sequenceNumber: 2n }],
      equalityDeletes: [
        { localPath: byKey, sequenceNumber: 2n, equalityIds: [2] },
        { localPath: byId, sequenceNumber: 3n, equalityIds: [1] },
      ],
    });
    expect(await idsOf(files)).toEqual([3]);
    expect(rowsDeleted).toBe(3n);
  });

  it('that take every row leave no file', async () => {
    const data = await written([line(0, 'a', 0)], 1n);
    const localPath = await deleteFile('all', `SELECT 'a' AS k`, 'k: 2');
    const { files, rowsDeleted } = await rewrite({
      layout,
      inputs: [data],
      equalityDeletes: [{ localPath, sequenceNumber: 2n, equalityIds: [2] }],
    });
    expect(files).toEqual([]);
    expect(rowsDeleted).toBe(1n);
  });

  it('by a column that the table no longer has are refused', async () => {
    const data = await written([line(0, 'a', 0)], 1n);
    const localPath = await deleteFile('dropped', `SELECT 'a' AS gone`, 'gone: 99');
    const equalityDeletes = [{ localPath, sequenceNumber: 2n, equalityIds: [99] }];
    await expect(rewrite({ layout, inputs: [data], equalityDeletes })).rejects.toMatchObject({ kind: 'unsupported' });
  });
});

/** Random files, deletes and evolutions against the rules of the specification told row by row. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RewriteInput } from '../../../../src/contracts/file-rewriter.ts';
import type { PrimitiveType } from '../../../../src/record/types.ts';
import { field, useEngine } from '../engine/engine-in-test.ts';
import { inputOf, plainLayout, useRewriter } from './rewriter-in-test.ts';

const use = useEngine();
const { rewrite, path } = useRewriter();
const LONG: PrimitiveType = { kind: 'long' };
const INT: PrimitiveType = { kind: 'int' };
const STRING: PrimitiveType = { kind: 'string' };

const newer = plainLayout([field(1, 'id', LONG), field(2, 'k', LONG), field(3, 't', STRING)]);
/** Before `k` was widened and `t` was added. */
const older = plainLayout([field(1, 'id', LONG), field(2, 'k', INT)]);

interface Row {
  readonly k: number | null;
  readonly t: string | null;
}

const row = fc.record({
  k: fc.option(fc.integer({ min: 0, max: 3 })),
  t: fc.option(fc.constantFrom('', 'a', 'b')),
});
const sequence = fc.integer({ min: 1, max: 5 });
const file = fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 6 }), sequence, old: fc.boolean() });
const scenario = fc.record({
  files: fc.array(file, { minLength: 1, maxLength: 4 }),
  positions: fc.array(
    fc.record({ sequence, rows: fc.array(fc.tuple(fc.nat(3), fc.nat(6)), { minLength: 1, maxLength: 5 }) }),
    { maxLength: 2 },
  ),
  equalities: fc.array(
    fc.record({
      sequence,
      ids: fc.constantFrom([2], [3], [2, 3]),
      rows: fc.array(row, { minLength: 1, maxLength: 3 }),
    }),
    { maxLength: 3 },
  ),
});

const sql = (value: string | number | null): string =>
  value === null ? 'NULL' : typeof value === 'number' ? String(value) : `'${value}'`;

let count = 0;
const fresh = (): string => path(`random-${(count += 1)}.parquet`);

test('rows that are left are exactly those that no delete takes', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ files, positions, equalities }) => {
      const inputs: RewriteInput[] = [];
      const rows: { readonly id: number; readonly file: number; readonly position: number; readonly row: Row }[] = [];
      for (const [number, { rows: own, sequence, old }] of files.entries()) {
        const seen = own.map((row) => (old ? { k: row.k, t: null } : row));
        const lines = seen.map((row, position) =>
          JSON.stringify({ id: number * 100 + position, k: row.k, ...(old ? {} : { t: row.t }) }),
        );
        const [written] = await use.write(old ? older : newer, lines);
        if (written === undefined) throw new Error('no input');
        inputs.push(inputOf(written, BigInt(sequence)));
        rows.push(...seen.map((row, position) => ({ id: number * 100 + position, file: number, position, row })));
      }
      const positionDeletes = [];
      for (const { sequence, rows: named } of positions) {
        const localPath = fresh();
        const values = named.map(([at, position]) => `('${inputs[at]?.uri ?? 's3://elsewhere'}', ${position}::BIGINT)`);
        await use.read(
          `COPY (SELECT * FROM (VALUES ${values.join(', ')}) v(file_path, pos)) TO '${localPath}' (FORMAT parquet, FIELD_IDS {file_path: 2147483546, pos: 2147483545})`,
        );
        positionDeletes.push({ localPath, sequenceNumber: BigInt(sequence) });
      }
      const equalityDeletes = [];
      for (const { sequence, ids, rows: keys } of equalities) {
        const localPath = fresh();
        const values = keys.map(({ k, t }) => `(${sql(k)}::INTEGER, ${sql(t)}::VARCHAR)`);
        await use.read(
          `COPY (SELECT * FROM (VALUES ${values.join(', ')}) v(k, t)) TO '${localPath}' (FORMAT parquet, FIELD_IDS {k: 2, t: 3})`,
        );
        equalityDeletes.push({ localPath, sequenceNumber: BigInt(sequence), equalityIds: ids });
      }

      const left = rows.filter(({ file: number, position, row }) => {
        const age = files[number]?.sequence ?? 0;
        const byPosition = positions.some(
          (each) => each.sequence >= age && each.rows.some(([at, where]) => at === number && where === position),
        );
        const same = (ids: readonly number[], key: Row): boolean =>
          (!ids.includes(2) || key.k === row.k) && (!ids.includes(3) || key.t === row.t);
        const byEquality = equalities.some(
          (each) => each.sequence > age && each.rows.some((key) => same(each.ids, key)),
        );
        return !byPosition && !byEquality;
      });

      const result = await rewrite({ layout: newer, inputs, positionDeletes, equalityDeletes });
      expect(result.rowsDeleted).toBe(BigInt(rows.length - left.length));
      const list = result.files.map(({ localPath }) => `'${localPath}'`).join(', ');
      const read = list === '' ? [] : await use.read(`SELECT id, k, t FROM read_parquet([${list}]) ORDER BY id`);
      expect(read).toEqual(
        left.map(({ id, row: { k, t } }) => ({ id: String(id), k: k === null ? null : String(k), t })),
      );
    }),
    { numRuns: 60 },
  );
}, 60_000);

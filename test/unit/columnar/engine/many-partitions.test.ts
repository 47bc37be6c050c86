/** Partitions without number stay within the memory limit: one COPY over as many as here takes more than the engine has. */
import { expect, it } from 'vitest';
import type { WrittenFile } from '../../../../src/record/data-file.ts';
import { field, layoutOf, useEngine } from './engine-in-test.ts';

const PARTITIONS = 1500;
const use = useEngine(192 * 1024 * 1024);

const columns = Array.from({ length: 8 }, (_, index) => field(index + 2, `c${index}`, { kind: 'string' }));
const layout = layoutOf([field(1, 'p', { kind: 'int' }), ...columns], {
  spec: { specId: 1, fields: [{ sourceId: 1, fieldId: 1000, name: 'p', transform: { kind: 'identity' } }] },
});
const line = (row: number, partitions: number): string => {
  const members = columns.map(({ name }) => `"${name}":"${name} of ${row}"`);
  return `{"p":${row % partitions},${members.join(',')}}`;
};
const lines = Array.from({ length: 2 * PARTITIONS }, (_, row) => line(row, PARTITIONS));

const expectAll = (files: readonly WrittenFile[]): void => {
  expect(files.length).toBe(PARTITIONS);
  expect(files.map((file) => Number(file.partition[0])).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: PARTITIONS }, (_, p) => p),
  );
  expect(files.every((file) => file.recordCount === 2n)).toBe(true);
};

it('when nothing is known of the table', async () => {
  expectAll(await use.write(layout, lines));
}, 60_000);

it('when earlier pieces had few, so that the first try runs out of memory', async () => {
  const other = {
    ...layout,
    schema: { ...layout.schema, fields: [...layout.schema.fields, field(50, 'more', { kind: 'int' })] },
  };
  expect(await use.write(other, [line(0, 1), line(1, 1)])).toHaveLength(1);
  const files = await use.write(other, lines);
  expectAll(files);
  const [read] = await use.read(
    `SELECT count(*)::INT AS rows, count(DISTINCT c7)::INT AS different FROM read_parquet([${files.map((file) => `'${file.localPath}'`).join(', ')}])`,
  );
  expect(read).toEqual({ rows: lines.length, different: lines.length });
}, 60_000);

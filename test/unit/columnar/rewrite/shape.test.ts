/** How the files of a rewrite lie: sorted, rolled, split by a newer spec. */
import { describe, expect, it } from 'vitest';
import type { PrimitiveType } from '../../../../src/record/types.ts';
import { field, useEngine } from '../engine/engine-in-test.ts';
import { inputOf, plainLayout, useRewriter } from './rewriter-in-test.ts';

const use = useEngine();
const { rewrite } = useRewriter();
const LONG: PrimitiveType = { kind: 'long' };
const fields = [field(1, 'id', LONG), field(2, 'noise', { kind: 'string' })];
const sortOrder = {
  orderId: 4,
  fields: [
    {
      sourceId: 1,
      transform: { kind: 'identity' as const },
      direction: 'desc' as const,
      nullOrder: 'nulls-last' as const,
    },
  ],
};

async function inputs(rows: number, files: number) {
  const written = [];
  for (let file = 0; file < files; file += 1) {
    const lines = Array.from({ length: rows / files }, (_, at) => {
      const id = ((at * files + file) * 7919) % rows;
      return JSON.stringify({ id, noise: `${(id * 2_654_435_761) % 4_294_967_296}-${(id * 40_503) % 65_536}` });
    });
    written.push(...(await use.write(plainLayout(fields), lines)));
  }
  return written.map((file) => inputOf(file));
}

describe('files of a rewrite', () => {
  it('are about equal when there are to be several, and none is far from its share', async () => {
    const small = await inputs(300_000, 6);
    const total = Number(small.reduce((sum, { fileSizeInBytes }) => sum + fileSizeInBytes, 0n));
    const { files } = await rewrite({ layout: plainLayout(fields), inputs: small, files: 3 });
    expect(files.length).toBeGreaterThanOrEqual(2);
    expect(files.length).toBeLessThanOrEqual(4);
    for (const file of files) expect(Number(file.fileSizeInBytes)).toBeLessThan((total / 3) * 1.3);
    expect(files.reduce((sum, { recordCount }) => sum + recordCount, 0n)).toBe(300_000n);
  });

  it('stand in the order of the table, across files too, and say so', async () => {
    const small = await inputs(300_000, 6);
    const { files } = await rewrite({ layout: plainLayout(fields, { sortOrder }), inputs: small, files: 3 });
    expect(files.length).toBeGreaterThan(1);
    expect(files.map(({ sortOrderId }) => sortOrderId)).toEqual(files.map(() => 4));
    for (const { localPath } of files) {
      const [row] = await use.read(
        `select count(*) as bad from (select id, lag(id) over (order by file_row_number) as before from read_parquet('${localPath}', file_row_number = true)) where id > before`,
      );
      expect(row?.['bad']).toBe('0');
    }
    const ranges = [];
    for (const { localPath } of files) {
      const [row] = await use.read(
        `select min(id)::int as low, max(id)::int as high from read_parquet('${localPath}')`,
      );
      ranges.push([Number(row?.['low']), Number(row?.['high'])] as const);
    }
    ranges.sort(([a], [b]) => a - b);
    for (const [at, [low]] of ranges.entries()) if (at > 0) expect(low).toBeGreaterThan(ranges[at - 1]?.[1] ?? -1);
  });

  it('of inputs under an older spec lie under the newer one, each of one tuple', async () => {
    const layout = plainLayout(fields, {
      spec: {
        specId: 2,
        fields: [{ sourceId: 1, fieldId: 1000, name: 'b', transform: { kind: 'truncate', width: 100 } }],
      },
    });
    const { files } = await rewrite({ layout, inputs: await inputs(300, 2) });
    expect(new Set(files.map(({ partition }) => partition[0]))).toEqual(new Set([0n, 100n, 200n]));
    expect(files.map(({ specId, recordCount }) => [specId, recordCount])).toEqual(files.map(() => [2, 100n]));
  });

  it('of inputs that share a tuple keep it as it is', async () => {
    const spec = {
      specId: 1,
      fields: [{ sourceId: 1, fieldId: 1000, name: 'b', transform: { kind: 'bucket' as const, buckets: 1 } }],
    };
    const { files } = await rewrite({
      layout: plainLayout(fields, { spec }),
      inputs: await inputs(300, 2),
      partition: [0],
    });
    expect(files).toMatchObject([{ specId: 1, partition: [0], recordCount: 300n }]);
  });
});

/** Rewrites of more than the memory they are given: they get slower, not larger, and fail no more than others. */
import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { PrimitiveType } from '../../../../src/record/types.ts';
import { field, useEngine } from '../engine/engine-in-test.ts';
import { listOf, pathsOf, useReading } from './reading.ts';
import { plainLayout, useRewriter } from './rewriter-in-test.ts';

const use = useEngine();
const { covered, digest } = useReading(use);
const LONG: PrimitiveType = { kind: 'long' };
const STRING: PrimitiveType = { kind: 'string' };

describe('a rewrite in little memory', () => {
  const little = useRewriter(2, 128 * 1024 * 1024);
  const fields = [field(1, 'a', LONG), field(2, 'b', LONG), field(3, 'noise', STRING)];
  const order = {
    transform: { kind: 'identity' as const },
    direction: 'desc' as const,
    nullOrder: 'nulls-last' as const,
  };

  it('takes rows of more than the memory, wide ones with NULLs among the keys too', { timeout: 120_000 }, async () => {
    const [rows, path] = [80_000, little.path('noise.parquet')];
    const noise = Array.from({ length: 56 }, (_, part) => `md5((i * 100 + ${part})::varchar)`).join(' || ');
    await use.read(
      `copy (select case when i % 7 > 0 then (hash(i) % 1000000)::bigint end as a, (hash(i + 0.5) % 1000000)::bigint as b, ` +
        `${noise} as noise from range(${rows}) as r(i)) to '${path}' (format parquet, row_group_size 10240, field_ids {a: 1, b: 2, noise: 3})`,
    );
    const input = { uri: 's3://bucket/noise', localPath: path, sequenceNumber: 1n, recordCount: BigInt(rows) };
    const inputs = [{ ...input, fileSizeInBytes: BigInt((await stat(path)).size) }];
    const sorted = plainLayout(fields, { sortOrder: { orderId: 1, fields: [{ sourceId: 1, ...order }] } });
    const before = await digest([path]);
    for (const files of [1, 8]) {
      const merged = await little.rewrite({ layout: plainLayout(fields), inputs, files });
      expect(await digest(pathsOf(merged.files))).toEqual(before);
      const bySort = await little.rewrite({ layout: sorted, inputs, files });
      expect(await digest(pathsOf(bySort.files))).toEqual(before);
      const [row] = await use.read(
        `select count(*) as bad from (select a, lag(a, 1, 1000000) over (order by filename, file_row_number) as before ` +
          `from read_parquet(${listOf(pathsOf(bySort.files))}, filename = true, file_row_number = true)) ` +
          `where a > before or (before is null and a is not null)`,
      );
      expect(row?.['bad']).toBe('0');
    }
    const byCurve = await little.rewrite({ layout: plainLayout(fields), inputs, files: 8, zOrder: [1, 2] });
    expect(await digest(pathsOf(byCurve.files))).toEqual(before);
    for (const column of ['a', 'b']) expect(await covered(pathsOf(byCurve.files), column)).toBeLessThan(0.8);
  });
});

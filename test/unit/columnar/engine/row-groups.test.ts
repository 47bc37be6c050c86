/** Files of several row groups: metrics merge over them, also where one group knows nothing or holds NaN. */
import { expect, it } from 'vitest';
import { decodeSingle } from '../../../../src/record/single-value.ts';
import type { PrimitiveType } from '../../../../src/record/types.ts';
import { field, layoutOf, useEngine } from './engine-in-test.ts';

const use = useEngine();
const ROWS = 300_000;
const decimal: PrimitiveType = { kind: 'decimal', precision: 38, scale: 0 };

it('are bounded by the extremes of all groups', async () => {
  const layout = layoutOf([
    field(1, 'n', { kind: 'long' }),
    field(2, 'd', decimal),
    field(3, 'f', { kind: 'float' }),
    field(4, 'late', { kind: 'string' }),
    field(5, 'fix', { kind: 'fixed', length: 3 }),
  ]);
  // A NaN in the middle only, text at the end only, few different fixed values so that a dictionary is used.
  const lines = Array.from({ length: ROWS }, (_, n) => {
    const nan = n === ROWS / 2 ? '"NaN"' : String(n - 1000);
    const late = n > ROWS - 5 ? `,"late":"row ${n}"` : '';
    const fix = Buffer.from([n % 5, 0, 1]).toString('base64');
    return `{"n":${n},"d":"${BigInt(n - 7) * 10n ** 31n}","f":${nan}${late},"fix":"${fix}"}`;
  });
  const [file] = await use.write(layout, lines);
  expect(file?.splitOffsets.length).toBeGreaterThan(1);
  expect(file?.splitOffsets).toEqual([...(file?.splitOffsets ?? [])].toSorted((a, b) => Number(a - b)));
  const bounds = (id: number, type: PrimitiveType): unknown[] =>
    [file?.metrics.lowerBounds, file?.metrics.upperBounds].map((map) =>
      decodeSingle(type, map?.get(id) ?? new Uint8Array()),
    );
  expect(bounds(1, { kind: 'long' })).toEqual([0n, BigInt(ROWS - 1)]);
  expect(bounds(2, decimal)).toEqual([-7n * 10n ** 31n, BigInt(ROWS - 8) * 10n ** 31n]);
  expect(bounds(3, { kind: 'float' })).toEqual([-1000, ROWS - 1001]);
  expect(file?.metrics.nanValueCounts.get(3)).toBe(1n);
  expect(bounds(4, { kind: 'string' })).toEqual([`row ${ROWS - 4}`, `row ${ROWS - 1}`]);
  expect(file?.metrics.nullValueCounts.get(4)).toBe(BigInt(ROWS - 4));
  const [read] = await use.read(
    `SELECT count(*)::INT AS rows, count(DISTINCT fix)::INT AS fixed, min(octet_length(fix))::INT AS length, sum(n)::VARCHAR AS total, ` +
      `count_if(fix = CASE n % 5 WHEN 3 THEN '\\x03\\x00\\x01'::BLOB END)::INT AS threes FROM '${file?.localPath}'`,
  );
  expect(read).toEqual({ rows: ROWS, fixed: 5, length: 3, total: String((ROWS * (ROWS - 1)) / 2), threes: ROWS / 5 });
});

it('stay sorted inside each partition, also when a partition takes several groups', async () => {
  const layout = layoutOf([field(1, 'n', { kind: 'long' }), field(2, 'p', { kind: 'int' })], {
    spec: { specId: 1, fields: [{ sourceId: 2, fieldId: 1000, name: 'p', transform: { kind: 'identity' } }] },
    sortOrder: {
      orderId: 4,
      fields: [{ sourceId: 1, transform: { kind: 'identity' }, direction: 'desc', nullOrder: 'nulls-last' }],
    },
  });
  const lines = Array.from({ length: 600_000 }, (_, n) => `{"n":${(n * 7919) % 600_000},"p":${n % 2}}`);
  const files = await use.write(layout, lines);
  for (const file of files) {
    expect(file.sortOrderId).toBe(4);
    const [read] = await use.read(
      `SELECT count_if(n > previous)::INT AS wrong FROM (SELECT n, lag(n) OVER (ORDER BY file_row_number) AS previous ` +
        `FROM read_parquet('${file.localPath}', file_row_number = true))`,
    );
    expect(read).toEqual({ wrong: 0 });
  }
  expect(files.reduce((total, file) => total + file.recordCount, 0n)).toBe(600_000n);
});

/** Files of a rewrite along a Z-curve: what they hold, and how little they overlap. */
import { describe, expect, it } from 'vitest';
import type { WrittenFile } from '../../../../src/record/data-file.ts';
import type { Field, PrimitiveType } from '../../../../src/record/types.ts';
import { field, useEngine } from '../engine/engine-in-test.ts';
import { pathsOf, useReading } from './reading.ts';
import { inputOf, plainLayout, useRewriter } from './rewriter-in-test.ts';

const use = useEngine();
const { covered, digest } = useReading(use);
const { rewrite } = useRewriter();
const LONG: PrimitiveType = { kind: 'long' };
const STRING: PrimitiveType = { kind: 'string' };

/** The same for the same number, spread over 0 to 1. */
const chance = (seed: number): number => (Math.imul(seed + 1, 2_654_435_761) >>> 0) / 2 ** 32;

async function inputs(fields: readonly Field[], rows: number, files: number, rowOf: (at: number) => object) {
  const written: WrittenFile[] = [];
  for (let file = 0; file < files; file += 1) {
    const lines = Array.from({ length: rows / files }, (_, at) => JSON.stringify(rowOf(file * (rows / files) + at)));
    written.push(...(await use.write(plainLayout(fields), lines)));
  }
  return written.map((file) => inputOf(file));
}

describe('rows along a Z-curve', () => {
  const fields = [
    field(1, 'at', LONG),
    field(2, 'user', LONG),
    field(3, 'place', { kind: 'struct', fields: [field(4, 'city', STRING)] }),
    field(5, 'noise', STRING),
  ];
  // Columns that use quite different parts of what their types hold.
  const rowOf = (at: number): object => ({
    at: 1_700_000_000_000 + Math.floor(chance(at) * 86_400_000),
    user: at % 11 === 0 ? null : Math.floor(1000 * chance(at * 3 + 1) ** 4),
    place: { city: `city-${Math.floor(500 * chance(at * 7 + 2))}` },
    noise: `${chance(at * 13)}`,
  });

  it('lie in files that overlap little in each column, and are the rows that came', async () => {
    const small = await inputs(fields, 300_000, 4, rowOf);
    const before = pathsOf(small);
    const { files } = await rewrite({ layout: plainLayout(fields), inputs: small, files: 16, zOrder: [1, 4] });
    const after = pathsOf(files);
    expect(files.length).toBeGreaterThan(12);
    expect(await digest(after)).toEqual(await digest(before));
    for (const column of ['"at"', 'place.city']) {
      expect(await covered(before, column)).toBeGreaterThan(0.95);
      // About sixteen squares of a plane have a quarter of each side; where files end inside of one, the curve leaps to another.
      expect(await covered(after, column)).toBeLessThan(0.5);
    }
  });

  it('weigh skewed columns and those with NULLs as the others', async () => {
    const small = await inputs(fields, 300_000, 4, rowOf);
    const { files } = await rewrite({ layout: plainLayout(fields), inputs: small, files: 16, zOrder: [2, 1] });
    for (const column of ['"at"', '"user"']) expect(await covered(pathsOf(files), column)).toBeLessThan(0.5);
  });

  it('say nothing of a sort order, though the table has one', async () => {
    const small = await inputs(fields, 1000, 4, rowOf);
    const sortOrder = {
      orderId: 3,
      fields: [
        {
          sourceId: 1,
          transform: { kind: 'identity' as const },
          direction: 'asc' as const,
          nullOrder: 'nulls-first' as const,
        },
      ],
    };
    const { files } = await rewrite({ layout: plainLayout(fields, { sortOrder }), inputs: small, zOrder: [1, 2] });
    expect(files.map(({ sortOrderId }) => sortOrderId)).toEqual([undefined]);
    const adHoc = { layout: plainLayout(fields, { sortOrder: { ...sortOrder, orderId: 0 } }), inputs: small };
    expect((await rewrite(adHoc)).files.map(({ sortOrderId }) => sortOrderId)).toEqual([undefined]);
  });

  it('may be ordered by columns of every type, all NULL or in small tables too', async () => {
    const types: readonly (readonly [PrimitiveType, (at: number) => unknown])[] = [
      [{ kind: 'boolean' }, (at) => at % 2 === 0],
      [{ kind: 'int' }, (at) => -at],
      [{ kind: 'float' }, (at) => [0, -0, 1.5, 'NaN'][at % 4]],
      [{ kind: 'double' }, (at) => [0, -0, 1.5, 'NaN'][at % 4]],
      [{ kind: 'decimal', precision: 38, scale: 2 }, (at) => `${at}.25`],
      [{ kind: 'date' }, (at) => `2026-11-${10 + (at % 20)}`],
      [{ kind: 'time' }, (at) => `10:00:${10 + (at % 50)}`],
      [{ kind: 'timestamp' }, (at) => `2026-11-25T10:00:${10 + (at % 50)}`],
      [{ kind: 'timestamptz' }, (at) => `2026-11-25T10:00:${10 + (at % 50)}Z`],
      [{ kind: 'string' }, (at) => `x${at}`],
      [{ kind: 'uuid' }, (at) => `0193f7a0-0000-7000-8000-0000000000${10 + (at % 90)}`],
      [{ kind: 'fixed', length: 3 }, (at) => Buffer.from([1, 2, at % 256]).toString('base64')],
      [{ kind: 'binary' }, (at) => Buffer.from([at % 256]).toString('base64')],
      [{ kind: 'long' }, () => null],
    ];
    const all = types.map(([type], at) => field(at + 1, `c${at}`, type));
    const small = await inputs(all, 300, 3, (at) =>
      Object.fromEntries(types.map(([, valueOf], index) => [`c${index}`, at % 13 === 0 ? null : valueOf(at)])),
    );
    for (const zOrder of [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [9, 10, 11, 12, 13, 14],
    ]) {
      const { files, rowsIn } = await rewrite({ layout: plainLayout(all), inputs: small, zOrder });
      expect(rowsIn).toBe(300n);
      expect(await digest(pathsOf(files))).toEqual(await digest(pathsOf(small)));
    }
  });
});

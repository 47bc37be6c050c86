/**
 * Rows along a Z-curve, as SQL: each column's values fall into 256 ranges of about equally many rows, told from a sample, and the bits of
 * the ranges of all columns, interleaved, are what rows are sorted by. Ranks and not bytes of the values, so that a column counts as much
 * as another whatever part of its domain is in use. Pure.
 */
import type { FileLayout } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import { fieldExpression } from '../engine/field-path.ts';

const BITS = 8;
const RANGES = 2 ** BITS;
/** Some hundred rows of each range: its ends are then right to a tenth of it. */
const SAMPLED_ROWS = 32_768;
/** A session's variable: what a statement reads of it is constant to the planner. */
const ENDS = 'sluice_z_ends';

/** To be run before the statement that sorts: rows are read once, a sample of them is held. */
export function sampleSql(layout: FileLayout, sourceIds: readonly number[], rows: string): string {
  const columns = pathsOf(layout, sourceIds);
  const parts = Array.from({ length: RANGES - 1 }, (_, at) => (at + 1) / RANGES).join(', ');
  const ends = columns.map((_, at) => `'c${at}': quantile_disc(c${at}, [${parts}])`);
  const sampled = columns.map((path, at) => `${path} AS c${at}`);
  // The same rows give the same sample to one thread.
  const sample = `SELECT * FROM (SELECT ${sampled.join(', ')} FROM (${rows})) USING SAMPLE reservoir(${SAMPLED_ROWS} ROWS) REPEATABLE (1)`;
  return `SET VARIABLE ${ENDS} = (SELECT {${ends.join(', ')}} FROM (${sample}))`;
}

/** The term of `ORDER BY`, of the session that ran `sampleSql`. */
export function curveTerm(layout: FileLayout, sourceIds: readonly number[]): string {
  const columns = pathsOf(layout, sourceIds);
  return columns.map((path, at) => placed(path, at, columns.length)).join(' | ');
}

function placed(path: string, at: number, of: number): string {
  const place = (range: number): string => `${spread(range, at, of)}::UBIGINT`;
  const within = (from: number, to: number): string => {
    if (to === from + 1) return place(from);
    const middle = (from + to) / 2;
    // Ends are counted from 1, and the first of them ends range 0.
    const end = `getvariable('${ENDS}').c${at}[${middle}]`;
    return `CASE WHEN ${path} < ${end} THEN ${within(from, middle)} ELSE ${within(middle, to)} END`;
  };
  return `(CASE WHEN ${path} IS NULL THEN ${place(0)} ELSE ${within(0, RANGES)} END)`;
}

/** The bits of a range at their places among those of all columns: the first column's are the highest of each rank. */
function spread(range: number, at: number, of: number): bigint {
  let bits = 0n;
  for (let bit = 0; bit < BITS; bit += 1)
    if (((range >> bit) & 1) === 1) bits |= 1n << BigInt(bit * of + (of - 1 - at));
  return bits;
}

const pathsOf = (layout: FileLayout, sourceIds: readonly number[]): readonly string[] =>
  sourceIds.map((id) => {
    const path = fieldExpression(layout.schema, id);
    if (path === undefined)
      throw new SluiceError('internal', `Z-order source ${id} is not a column outside lists and maps`);
    return path;
  });

/**
 * Negative zeros kept. A dictionary of DuckDB's Parquet writer takes the zeros for one value (1.5.6), and a dictionary can only be turned
 * off for all columns of a file: so a copy stops at the first -0.0 it meets, and is made again without one. Rows without it keep the
 * smaller files, for the price of one comparison a number.
 */
import { rm } from 'node:fs/promises';
import { isSluiceError, messageOf } from '../../core/errors.ts';
import type { Field, Type } from '../../record/types.ts';
import { aliases } from './decode-sql.ts';
import type { LayoutPlan } from './layout-plan.ts';
import { literal, name } from './sql-text.ts';

/** What the stopped statement says. */
const FOUND = '__sluice_negative_zero';

/** `copy` with rows and plan such that every -0.0 comes out as it is. `outputs`: what a stopped copy leaves behind, removed. */
export async function keepingZeros<T>(
  plan: LayoutPlan,
  rows: string,
  outputs: readonly string[],
  copy: (plan: LayoutPlan, rows: string) => Promise<T>,
): Promise<T> {
  if (plan.negativeZero === undefined || !plan.dictionaries) return copy(plan, rows);
  const guarded = `SELECT * FROM (${rows}) WHERE CASE WHEN ${plan.negativeZero} THEN error(${literal(FOUND)}) ELSE true END`;
  try {
    return await copy(plan, guarded);
  } catch (error) {
    if (!isFound(error)) throw error;
    await Promise.all(outputs.map((path) => rm(path, { recursive: true, force: true })));
    return copy({ ...plan, dictionaries: false }, rows);
  }
}

/** Whether a decoded row holds a -0.0 anywhere, as a condition that may be null for no; undefined when no column can. */
export function negativeZeroSql(fields: readonly Field[]): string | undefined {
  return anyOf(aliases(fields).map(({ field, alias }) => within(name(alias), field.type, 0)));
}

/** `depth` keeps the names of nested lambda parameters apart. */
function within(value: string, type: Type, depth: number): string | undefined {
  const inList = (list: string, element: Type): string | undefined => {
    const item = `x${depth}`;
    const found = within(item, element, depth + 1);
    return found === undefined ? undefined : `len(list_filter(${list}, lambda ${item}: ${found})) > 0`;
  };
  switch (type.kind) {
    case 'float':
    case 'double':
      return `(${value} = 0 AND signbit(${value}))`;
    case 'struct':
      return anyOf(
        aliases(type.fields).map(({ field, alias }) =>
          within(`struct_extract(${value}, ${literal(alias)})`, field.type, depth),
        ),
      );
    case 'list':
      return inList(value, type.element);
    case 'map':
      return anyOf([inList(`map_keys(${value})`, type.key), inList(`map_values(${value})`, type.value)]);
    default:
      return undefined;
  }
}

function anyOf(conditions: readonly (string | undefined)[]): string | undefined {
  const present = conditions.filter((condition) => condition !== undefined);
  return present.length === 0 ? undefined : `(${present.join(' OR ')})`;
}

// Exactly: an error of the parser or binder would quote the statement, this text in it.
const isFound = (error: unknown): boolean =>
  isSluiceError(error, 'internal') && messageOf(error.cause) === `Invalid Input Error: ${FOUND}`;

/**
 * Rules about the values of a Parquet file: counts, bounds and the partition tuple against what the file truly holds
 * (checklist 3.11, 6.1–6.9, conformance 8.1). DuckDB reads the file; the rules are judged here.
 */
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimeValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBConnection,
  type DuckDBValue,
} from '@duckdb/node-api';
import { compareSingle, decodeSingle } from '../../../src/record/single-value.ts';
import { applyTransform } from '../../../src/record/transforms.ts';
import { isPrimitive, type PrimitiveType } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';
import { show } from './findings.ts';
import type { Entry } from './manifest.ts';
import type { Column } from './parquet.ts';
import type { TableSource } from './source.ts';

type Pairs = readonly { readonly key: number; readonly value: bigint | Uint8Array }[] | null | undefined;

const NAN_TYPES: ReadonlySet<string> = new Set(['float', 'double']);

export async function lintValues(
  source: TableSource,
  entry: Entry,
  localPath: string,
  columns: readonly Column[],
  duckdb: DuckDBConnection,
): Promise<void> {
  const from = `FROM read_parquet('${localPath.replaceAll("'", "''")}')`;
  for (const column of columns) {
    const { type } = column.at.field;
    if (!isPrimitive(type)) continue;
    const at = `${entry.where}: column ${column.at.path}`;
    if (column.at.repeated) {
      lintAbsent(source, entry, column, '6.5', at);
      continue;
    }
    const value = column.path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
    const isNumber = NAN_TYPES.has(type.kind) ? `FILTER (NOT isnan(${value}))` : '';
    const nans = NAN_TYPES.has(type.kind) ? `count_if(isnan(${value}))` : '0';
    const rows = await duckdb.runAndReadAll(
      `SELECT count(*), count(*) - count(${value}), ${nans}, min(${value}) ${isNumber}, max(${value}) ${isNumber} ${from}`,
    );
    const [total, nulls, nan, min, max] = rows.getRows()[0] ?? [];
    lintCounts(source, entry, column, { total: toLong(total), nulls: toLong(nulls), nans: toLong(nan) }, at);
    lintBounds(source, entry, column, type, toValue(type, min), toValue(type, max), at);
  }
  await lintTuple(source, entry, columns, from, duckdb);
}

function lintCounts(
  { findings }: TableSource,
  entry: Entry,
  column: Column,
  truth: { readonly total: bigint; readonly nulls: bigint; readonly nans: bigint },
  at: string,
): void {
  for (const [member, expected] of [
    ['value_counts', truth.total],
    ['null_value_counts', truth.nulls],
    ['nan_value_counts', truth.nans],
  ] as const) {
    const said = of(entry, member, column);
    findings.check(
      said === undefined || said === expected,
      '6.1',
      at,
      `${member} says ${show(said)}, the file holds ${expected}`,
    );
  }
  if (truth.nulls === truth.total && truth.total > 0n)
    findings.check(
      of(entry, 'lower_bounds', column) === undefined && of(entry, 'upper_bounds', column) === undefined,
      '6.8',
      at,
      'an all-null column has bounds',
    );
}

function lintBounds(
  { findings }: TableSource,
  entry: Entry,
  column: Column,
  type: PrimitiveType,
  min: PrimitiveValue | undefined,
  max: PrimitiveValue | undefined,
  at: string,
): void {
  for (const [member, truth, sign] of [
    ['lower_bounds', min, -1],
    ['upper_bounds', max, 1],
  ] as const) {
    const bytes = of(entry, member, column);
    if (!(bytes instanceof Uint8Array)) continue;
    if (type.kind === 'uuid') {
      findings.add('6.9', at, `${member} holds a uuid bound`);
      continue;
    }
    let bound: PrimitiveValue;
    try {
      bound = decodeSingle(type, bytes);
    } catch (error) {
      findings.add('6.2', at, `${member}: ${String(error)}`);
      continue;
    }
    findings.check(!Number.isNaN(bound), '6.3', at, `${member} is NaN`);
    if (bound === 0 && NAN_TYPES.has(type.kind))
      findings.check(Object.is(bound, sign === -1 ? -0 : 0), '6.3', at, `${member} is a zero of the wrong sign`);
    if (truth !== undefined)
      findings.check(
        sign * compareSingle(bound, truth) >= 0,
        '6.3',
        at,
        `${member} ${show(bound)} does not bound ${show(truth)}`,
      );
  }
}

/** Every row's partition values must be the tuple (3.11). */
async function lintTuple(
  { findings }: TableSource,
  entry: Entry,
  columns: readonly Column[],
  from: string,
  duckdb: DuckDBConnection,
): Promise<void> {
  for (const [position, field] of entry.spec.fields.entries()) {
    const column = columns.find((candidate) => candidate.at.field.id === field.sourceId);
    const at = `${entry.where}: partition ${field.name}`;
    const type = column?.at.field.type;
    if (column === undefined || type === undefined || !isPrimitive(type)) {
      findings.check(field.transform.kind === 'void', '3.12', at, 'the source column is not in the file');
      continue;
    }
    const value = column.path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
    const rows = await duckdb.runAndReadAll(`SELECT DISTINCT ${value} ${from}`);
    const tuple = entry.tuple[position] ?? null;
    for (const [stored] of rows.getRows()) {
      const own = applyTransform(field.transform, type, toValue(type, stored) ?? null);
      const same =
        own === null || tuple === null ? own === tuple : Object.is(own, tuple) || compareSingle(own, tuple) === 0;
      if (!findings.check(same, '3.11', at, `the tuple says ${show(tuple)}, a row gives ${show(own)}`)) break;
    }
  }
}

function lintAbsent({ findings }: TableSource, entry: Entry, column: Column, rule: string, at: string): void {
  for (const member of ['lower_bounds', 'upper_bounds', 'value_counts', 'null_value_counts'])
    findings.check(of(entry, member, column) === undefined, rule, at, `${member} has an entry`);
}

const of = (entry: Entry, member: string, column: Column): bigint | Uint8Array | undefined =>
  (entry.file[member] as Pairs)?.find((pair) => pair.key === column.at.field.id)?.value;

const toLong = (value: DuckDBValue | undefined): bigint => BigInt(String(value ?? 0));

/** DuckDB's value in the representation of `record/values.ts`; undefined for NULL. */
function toValue(type: PrimitiveType, value: DuckDBValue | undefined): PrimitiveValue | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimeValue) return value.micros;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (type.kind === 'uuid') return Uint8Array.from(Buffer.from(String(value).replaceAll('-', ''), 'hex'));
  if (type.kind === 'long') return BigInt(String(value));
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string')
    return value;
  throw new Error(`DuckDB answers ${value.constructor.name} for a ${type.kind}`);
}

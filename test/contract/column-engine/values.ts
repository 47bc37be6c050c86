/** Every value of every primitive type comes back, with metrics that bound it. */
import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { lowerBytesBound, lowerTextBound, upperBytesBound, upperTextBound } from '../../../src/record/bounds.ts';
import { compareSingle, encodeSingle } from '../../../src/record/single-value.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import { primitiveName } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';
import { readMetadata, readRows } from './parquet-reader.ts';
import { primitiveTypes, printed, samples } from './samples.ts';
import type { SubjectInUse, Values } from './subject.ts';
import { columnsOf, layoutOf, lineOf } from './subject.ts';

export function describeValues(use: SubjectInUse): void {
  describe('values of primitive types', () => {
    it('come back exactly, nulls among them, in one file of the right facts', async () => {
      const fields = columnsOf(primitiveTypes);
      const rows = sampleRows(primitiveTypes);
      const layout = layoutOf(use.subject, fields);
      const files = await use.write(
        layout,
        rows.map((row) => lineOf(fields, row)),
      );
      expect(files).toHaveLength(1);
      const [file] = files;
      if (file === undefined) return;
      const read = await readRows(file.localPath, layout.schema);
      const text = (row: Values): string => row.map((value) => printed(value)).join(' | ');
      expect(read.map((row) => text(fields.map(({ name }) => row[name] ?? null))).toSorted()).toEqual(
        rows.map(text).toSorted(),
      );
      expect(file.recordCount).toBe(BigInt(rows.length));
      expect(file.fileSizeInBytes).toBe(BigInt((await stat(file.localPath)).size));
      expect(file.partition).toEqual([]);
      expect(file.specId).toBe(0);
      expect(file).not.toHaveProperty('sortOrderId');
    });

    it('carry field ids and the physical types of the specification', async () => {
      const fields = columnsOf(primitiveTypes);
      const [file] = await use.write(layoutOf(use.subject, fields), [
        lineOf(
          fields,
          fields.map(() => null),
        ),
      ]);
      const { schema } = await readMetadata(file?.localPath ?? '');
      const seen = schema.slice(1).map((element) => ({
        id: element.field_id,
        name: element.name,
        type: element.type === 'FIXED_LEN_BYTE_ARRAY' ? `FIXED ${element.type_length}` : element.type,
        annotation: element.logical_type?.type ?? element.converted_type,
        utc: element.logical_type?.type === 'TIMESTAMP' ? element.logical_type.isAdjustedToUTC : undefined,
      }));
      for (const [index, { id, name, type }] of fields.entries())
        expect(seen[index], name).toMatchObject({ id, name, ...physicalOf(type as PrimitiveType) });
    });

    it.each(primitiveTypes.map((type) => [primitiveName(type), type] as const))(
      'have true metrics: %s',
      async (_, type) => {
        const fields = columnsOf([type]);
        const all = samples(type);
        for (const values of [all, all.slice(0, 1), all.slice(-1), [...all, null, null], [null], [NaN, null]]) {
          if (Number.isNaN(values[0]) && type.kind !== 'float' && type.kind !== 'double') continue;
          const [file] = await use.write(
            layoutOf(use.subject, fields),
            values.map((value) => lineOf(fields, [value])),
          );
          const metrics = file?.metrics;
          expect(metrics?.valueCounts.get(1)).toBe(BigInt(values.length));
          expect(metrics?.nullValueCounts.get(1)).toBe(BigInt(values.filter((value) => value === null).length));
          const nan = values.filter((value) => Number.isNaN(value)).length;
          const isFloating = type.kind === 'float' || type.kind === 'double';
          expect(metrics?.nanValueCounts.get(1)).toBe(isFloating ? BigInt(nan) : undefined);
          expect(metrics?.columnSizes.get(1)).toBeGreaterThan(0n);
          const [lower, upper] = [metrics?.lowerBounds.get(1), metrics?.upperBounds.get(1)];
          const label = `bounds of ${values.map(printed).join(', ').slice(0, 200)}`;
          if (values.some(isLong)) expectLooseBounds(type, values, lower, upper, label);
          else expect([bytesText(lower), bytesText(upper)], label).toEqual(expectedBounds(type, values).map(bytesText));
        }
      },
    );

    it('have metrics for the first columns only, when told so', async () => {
      const fields = columnsOf([{ kind: 'int' }, { kind: 'string' }, { kind: 'long' }]);
      const layout = layoutOf(use.subject, fields, { metricsColumns: 2 });
      const [file] = await use.write(layout, [lineOf(fields, [1, 'a', 2n])]);
      for (const map of [file?.metrics.columnSizes, file?.metrics.valueCounts, file?.metrics.lowerBounds])
        expect([...(map?.keys() ?? [])]).toEqual([1, 2]);
    });

    it('leave no statistics of a uuid column in the file', async () => {
      const fields = columnsOf([{ kind: 'uuid' }]);
      const [file] = await use.write(
        layoutOf(use.subject, fields),
        samples({ kind: 'uuid' }).map((value) => lineOf(fields, [value])),
      );
      const { row_groups: groups } = await readMetadata(file?.localPath ?? '');
      const statistics = groups[0]?.columns[0]?.meta_data?.statistics;
      expect(statistics?.min_value ?? statistics?.min).toBeUndefined();
      expect(statistics?.max_value ?? statistics?.max).toBeUndefined();
    });
  });
}

/** Row n holds sample n of every type, null past the end; the last row is all null. */
function sampleRows(types: readonly PrimitiveType[]): readonly Values[] {
  const columns = types.map(samples);
  const length = Math.max(...columns.map((column) => column.length)) + 1;
  return Array.from({ length }, (_, row) => columns.map((column) => column[row] ?? null));
}

function physicalOf(type: PrimitiveType): object {
  switch (type.kind) {
    case 'boolean':
      return { type: 'BOOLEAN' };
    case 'int':
      return { type: 'INT32' };
    case 'long':
      return { type: 'INT64' };
    case 'float':
      return { type: 'FLOAT' };
    case 'double':
      return { type: 'DOUBLE' };
    case 'decimal':
      return {
        annotation: 'DECIMAL',
        ...(type.precision <= 9 ? { type: 'INT32' } : type.precision <= 18 ? { type: 'INT64' } : {}),
      };
    case 'date':
      return { type: 'INT32', annotation: 'DATE' };
    case 'time':
      return { type: 'INT64', annotation: 'TIME' };
    case 'timestamp':
      return { type: 'INT64', annotation: 'TIMESTAMP', utc: false };
    case 'timestamptz':
      return { type: 'INT64', annotation: 'TIMESTAMP', utc: true };
    case 'string':
      return { type: 'BYTE_ARRAY' };
    case 'uuid':
      return { type: 'FIXED 16', annotation: 'UUID' };
    case 'fixed':
      return { type: `FIXED ${type.length}`, annotation: undefined };
    case 'binary':
      return { type: 'BYTE_ARRAY', annotation: undefined };
  }
}

/** Checklist §6, from the values themselves. */
function expectedBounds(type: PrimitiveType, values: Values): readonly (Uint8Array | undefined)[] {
  const present = presentValues(values);
  const [least, most] = [present[0], present.at(-1)];
  if (least === undefined || most === undefined || type.kind === 'uuid') return [undefined, undefined];
  if (typeof least === 'string' && typeof most === 'string') {
    const upper = upperTextBound(most);
    return [encodeSingle(type, lowerTextBound(least)), upper === undefined ? undefined : encodeSingle(type, upper)];
  }
  if (least instanceof Uint8Array && most instanceof Uint8Array) return [lowerBytesBound(least), upperBytesBound(most)];
  return [
    encodeSingle(type, least === 0 ? zeroOf(type, -0) : least),
    encodeSingle(type, most === 0 ? zeroOf(type, 0) : most),
  ];
}

/** Statistics of values above 256 bytes may be cut or missing in the file: a bound then bounds, or is not there. */
const isLong = (value: PrimitiveValue | null): boolean =>
  (typeof value === 'string' || value instanceof Uint8Array) && Buffer.from(value as string).length > 256;

function expectLooseBounds(
  type: PrimitiveType,
  values: Values,
  lower: Uint8Array | undefined,
  upper: Uint8Array | undefined,
  label: string,
): void {
  for (const value of presentValues(values)) {
    const bytes = Buffer.from(encodeSingle(type, value));
    if (lower !== undefined) expect(Buffer.compare(lower, bytes), label).toBeLessThanOrEqual(0);
    if (upper !== undefined) expect(Buffer.compare(upper, bytes), label).toBeGreaterThanOrEqual(0);
  }
  for (const bound of [lower, upper])
    if (bound !== undefined && type.kind === 'string')
      expect(Array.from(new TextDecoder('utf-8', { fatal: true }).decode(bound)).length).toBeLessThanOrEqual(16);
}

const presentValues = (values: Values): readonly PrimitiveValue[] =>
  values.filter((value): value is PrimitiveValue => value !== null && !Number.isNaN(value)).toSorted(compareSingle);

const zeroOf = (type: PrimitiveType, zero: number): number =>
  type.kind === 'float' || type.kind === 'double' ? zero : 0;

const bytesText = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? 'none' : Buffer.from(bytes).toString('hex');

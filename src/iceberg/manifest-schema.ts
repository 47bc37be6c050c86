/**
 * The Avro schemas of manifests and manifest lists of format version 2 (spec "Manifests", "Manifest Lists"; checklist §7, §8).
 * Names, ids and order are part of the format: engines resolve by record name as well as by id (checklist 7.2, 7.3).
 */
import type { Json64 } from '../core/json64.ts';
import { SluiceError } from '../core/errors.ts';
import type { PartitionSpec } from '../record/partition-spec.ts';
import { resultType } from '../record/transforms.ts';
import type { PrimitiveType } from '../record/types.ts';

type Avro = Json64;

/** One column of the partition struct: its type in the manifest and its name there. */
export interface PartitionColumn {
  readonly fieldId: number;
  readonly name: string;
  readonly avroName: string;
  readonly type: PrimitiveType;
}

export function partitionColumns(spec: PartitionSpec, sources: readonly PrimitiveType[]): readonly PartitionColumn[] {
  return spec.fields.map((field, position) => {
    const source = sources[position];
    if (source === undefined) throw new SluiceError('internal', `partition field ${field.name} has no source type`);
    return {
      fieldId: field.fieldId,
      name: field.name,
      avroName: avroName(field.name),
      type: resultType(field.transform, source),
    };
  });
}

export function manifestEntrySchema(partition: readonly PartitionColumn[]): Avro {
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      required(0, 'status', 'int'),
      optional(1, 'snapshot_id', 'long'),
      optional(3, 'sequence_number', 'long'),
      optional(4, 'file_sequence_number', 'long'),
      required(2, 'data_file', dataFileSchema(partition)),
    ],
  };
}

export const MANIFEST_LIST_SCHEMA: Avro = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    required(500, 'manifest_path', 'string'),
    required(501, 'manifest_length', 'long'),
    required(502, 'partition_spec_id', 'int'),
    required(517, 'content', 'int'),
    required(515, 'sequence_number', 'long'),
    required(516, 'min_sequence_number', 'long'),
    required(503, 'added_snapshot_id', 'long'),
    required(504, 'added_files_count', 'int'),
    required(505, 'existing_files_count', 'int'),
    required(506, 'deleted_files_count', 'int'),
    required(512, 'added_rows_count', 'long'),
    required(513, 'existing_rows_count', 'long'),
    required(514, 'deleted_rows_count', 'long'),
    optional(507, 'partitions', {
      type: 'array',
      items: {
        type: 'record',
        name: 'r508',
        fields: [
          required(509, 'contains_null', 'boolean'),
          optional(518, 'contains_nan', 'boolean'),
          optional(510, 'lower_bound', 'bytes'),
          optional(511, 'upper_bound', 'bytes'),
        ],
      },
      'element-id': 508,
    }),
    optional(519, 'key_metadata', 'bytes'),
  ],
};

/** How a partition value is stored (checklist 7.8): fixed for decimals and uuids, a date for `day`. */
function valueSchema({ fieldId, type }: PartitionColumn): Avro {
  switch (type.kind) {
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'string':
      return type.kind;
    case 'binary':
      return 'bytes';
    case 'date':
      return { type: 'int', logicalType: 'date' };
    case 'time':
      return { type: 'long', logicalType: 'time-micros' };
    case 'timestamp':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': false };
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true };
    case 'uuid':
      return { type: 'fixed', name: `uuid_${fieldId}`, size: 16, logicalType: 'uuid' };
    case 'fixed':
      return { type: 'fixed', name: `fixed_${type.length}_${fieldId}`, size: type.length };
    case 'decimal':
      return {
        type: 'fixed',
        name: `decimal_${type.precision}_${type.scale}_${fieldId}`,
        size: decimalBytes(type.precision),
        logicalType: 'decimal',
        precision: type.precision,
        scale: type.scale,
      };
  }
}

/** Fewest bytes that hold every unscaled value of that many digits: 9 → 4, 18 → 8, 38 → 16. */
export function decimalBytes(precision: number): number {
  let bytes = 1;
  while (2n ** BigInt(8 * bytes - 1) < 10n ** BigInt(precision)) bytes += 1;
  return bytes;
}

/** A name Avro accepts, made as Java makes it (checklist 5.6): a leading digit gets `_`, other characters become `_xHEX`. */
export function avroName(name: string): string {
  const [first = '', ...others] = Array.from({ length: name.length }, (_, at) => name.charAt(at));
  const escaped = (unit: string): string => `_x${unit.charCodeAt(0).toString(16).toUpperCase()}`;
  const head = /[A-Za-z_]/.test(first) ? first : /\d/.test(first) ? `_${first}` : escaped(first);
  return head + others.map((unit) => (/\w/.test(unit) ? unit : escaped(unit))).join('');
}

function dataFileSchema(partition: readonly PartitionColumn[]): Avro {
  return {
    type: 'record',
    name: 'r2',
    fields: [
      required(134, 'content', 'int'),
      required(100, 'file_path', 'string'),
      required(101, 'file_format', 'string'),
      required(102, 'partition', {
        type: 'record',
        name: 'r102',
        fields: partition.map((column) => optional(column.fieldId, column.avroName, valueSchema(column))),
      }),
      required(103, 'record_count', 'long'),
      required(104, 'file_size_in_bytes', 'long'),
      optional(108, 'column_sizes', mapOf(117, 118, 'long')),
      optional(109, 'value_counts', mapOf(119, 120, 'long')),
      optional(110, 'null_value_counts', mapOf(121, 122, 'long')),
      optional(137, 'nan_value_counts', mapOf(138, 139, 'long')),
      optional(125, 'lower_bounds', mapOf(126, 127, 'bytes')),
      optional(128, 'upper_bounds', mapOf(129, 130, 'bytes')),
      optional(131, 'key_metadata', 'bytes'),
      optional(132, 'split_offsets', { type: 'array', items: 'long', 'element-id': 133 }),
      optional(135, 'equality_ids', { type: 'array', items: 'int', 'element-id': 136 }),
      optional(140, 'sort_order_id', 'int'),
      optional(143, 'referenced_data_file', 'string'),
    ],
  };
}

/** Maps with int keys are arrays of records in Avro (checklist 7.3, 7.7). */
function mapOf(keyId: number, valueId: number, value: 'long' | 'bytes'): Avro {
  return {
    type: 'array',
    items: {
      type: 'record',
      name: `k${keyId}_v${valueId}`,
      fields: [required(keyId, 'key', 'int'), required(valueId, 'value', value)],
    },
    logicalType: 'map',
  };
}

function required(id: number, name: string, type: Avro): Avro {
  return { name, type, 'field-id': id };
}

function optional(id: number, name: string, type: Avro): Avro {
  return { name, type: ['null', type], default: null, 'field-id': id };
}

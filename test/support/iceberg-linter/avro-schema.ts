/** Rules about the bytes of `avro.schema` (checklist 7.2–7.8, 8.2, 8.3): names, ids, optionality, bare primitives. */
import { type Findings, show } from './findings.ts';

/** id, name, type (`?` optional; `{}` anything), and for records and lists what lies inside. */
type Expected = readonly [id: number, name: string, type: string, inner?: Inner];
interface Inner {
  readonly record: string;
  readonly fields: readonly Expected[];
  readonly elementId?: number;
}

const map = (keyId: number, valueId: number, value: string): Inner => ({
  record: `k${keyId}_v${valueId}`,
  fields: [
    [keyId, 'key', 'int'],
    [valueId, 'value', value],
  ],
});

const ENTRY: readonly Expected[] = [
  [0, 'status', 'int'],
  [1, 'snapshot_id', 'long?'],
  [3, 'sequence_number', 'long?'],
  [4, 'file_sequence_number', 'long?'],
  [
    2,
    'data_file',
    'record',
    {
      record: 'r2',
      fields: [
        [134, 'content', 'int'],
        [100, 'file_path', 'string'],
        [101, 'file_format', 'string'],
        [102, 'partition', 'record', { record: 'r102', fields: [] }],
        [103, 'record_count', 'long'],
        [104, 'file_size_in_bytes', 'long'],
        [108, 'column_sizes', 'array?', map(117, 118, 'long')],
        [109, 'value_counts', 'array?', map(119, 120, 'long')],
        [110, 'null_value_counts', 'array?', map(121, 122, 'long')],
        [137, 'nan_value_counts', 'array?', map(138, 139, 'long')],
        [125, 'lower_bounds', 'array?', map(126, 127, 'bytes')],
        [128, 'upper_bounds', 'array?', map(129, 130, 'bytes')],
        [131, 'key_metadata', 'bytes?'],
        [132, 'split_offsets', 'array?'],
        [135, 'equality_ids', 'array?'],
        [140, 'sort_order_id', 'int?'],
      ],
    },
  ],
];

const FILE: readonly Expected[] = [
  [500, 'manifest_path', 'string'],
  [501, 'manifest_length', 'long'],
  [502, 'partition_spec_id', 'int'],
  [517, 'content', 'int'],
  [515, 'sequence_number', 'long'],
  [516, 'min_sequence_number', 'long'],
  [503, 'added_snapshot_id', 'long'],
  [504, 'added_files_count', 'int'],
  [505, 'existing_files_count', 'int'],
  [506, 'deleted_files_count', 'int'],
  [512, 'added_rows_count', 'long'],
  [513, 'existing_rows_count', 'long'],
  [514, 'deleted_rows_count', 'long'],
  [
    507,
    'partitions',
    'array?',
    {
      record: 'r508',
      elementId: 508,
      fields: [
        [509, 'contains_null', 'boolean'],
        [518, 'contains_nan', 'boolean?'],
        [510, 'lower_bound', 'bytes?'],
        [511, 'upper_bound', 'bytes?'],
      ],
    },
  ],
];

type Node = Readonly<Record<string, unknown>>;

export function lintManifestSchema(text: string, where: string, findings: Findings): Node | undefined {
  const root = lintRecord(JSON.parse(text), { record: 'manifest_entry', fields: ENTRY }, where, findings);
  const file = memberOf(root, 'data_file');
  return memberOf(file, 'partition');
}

export function lintListSchema(text: string, where: string, findings: Findings): void {
  lintRecord(JSON.parse(text), { record: 'manifest_file', fields: FILE }, where, findings);
}

function lintRecord(schema: unknown, expected: Inner, where: string, findings: Findings): Node | undefined {
  if (!isNode(schema) || schema['type'] !== 'record') {
    findings.add('7.2', where, `expected a record, got ${show(schema)}`);
    return undefined;
  }
  findings.check(
    schema['name'] === expected.record,
    '7.2',
    where,
    `record is named ${show(schema['name'])}, not ${expected.record}`,
  );
  const fields = Array.isArray(schema['fields']) ? (schema['fields'] as unknown[]).filter(isNode) : [];
  for (const [id, name, type, inner] of expected.fields) {
    const at = `${where}: ${name}`;
    const field = fields.find((candidate) => candidate['name'] === name);
    if (field === undefined) {
      findings.add(name === 'snapshot_id' ? '7.12' : '7.6', at, 'the column is missing');
      continue;
    }
    findings.check(field['field-id'] === id, '7.3', at, `field-id is ${show(field['field-id'])}, not ${id}`);
    lintType(field, type, inner, at, findings);
  }
  return schema;
}

function lintType(field: Node, type: string, inner: Inner | undefined, at: string, findings: Findings): void {
  const optional = type.endsWith('?');
  const wanted = optional ? type.slice(0, -1) : type;
  const branches: readonly unknown[] = Array.isArray(field['type']) ? field['type'] : [field['type']];
  if (optional) {
    findings.check(
      branches.length === 2 && branches[0] === 'null',
      '7.4',
      at,
      'an optional field must be a union with null first',
    );
    findings.check(field['default'] === null, '7.4', at, 'an optional field needs the default null');
  } else findings.check(branches.length === 1, '7.4', at, 'a required field must not be a union');
  const stored = branches.at(-1);
  if (wanted !== 'record' && wanted !== 'array') {
    findings.check(stored === wanted, '7.4', at, `is ${show(stored)}, not the bare "${wanted}"`);
    return;
  }
  if (!isNode(stored)) return findings.add('7.6', at, `is ${show(stored)}, not a ${wanted}`);
  if (wanted === 'record') {
    if (inner !== undefined) lintRecord(stored, inner, at, findings);
    return;
  }
  const isMap = inner !== undefined && inner.elementId === undefined;
  if (isMap) findings.check(stored['logicalType'] === 'map', '7.3', at, 'a map with int keys needs logicalType "map"');
  else findings.check(typeof stored['element-id'] === 'number', '7.3', at, 'an array needs an element-id');
  if (inner !== undefined) lintRecord(stored['items'], inner, at, findings);
}

function memberOf(record: Node | undefined, name: string): Node | undefined {
  const fields = Array.isArray(record?.['fields']) ? (record['fields'] as unknown[]).filter(isNode) : [];
  const type = fields.find((field) => field['name'] === name)?.['type'];
  const stored: unknown = Array.isArray(type) ? type.at(-1) : type;
  return isNode(stored) ? stored : undefined;
}

const isNode = (value: unknown): value is Node => value !== null && typeof value === 'object' && !Array.isArray(value);

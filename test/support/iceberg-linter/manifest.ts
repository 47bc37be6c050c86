/** Rules about one manifest: header, schema bytes, entries, counts and summaries (checklist §7, 8.3–8.5). */
import type { PartitionSpec } from '../../../src/record/partition-spec.ts';
import { parseJson64 } from '../../../src/core/json64.ts';
import { parseSpecFields, specFieldsJson } from '../../../src/record/partition-json.ts';
import { compareSingle, decodeSingle, fromTwosComplement } from '../../../src/record/single-value.ts';
import { resultType } from '../../../src/record/transforms.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';
import { readAvro } from './avro.ts';
import { lintManifestSchema } from './avro-schema.ts';
import { show } from './findings.ts';
import { lintPartitionStruct } from './partition-schema.ts';
import type { TableSource } from './source.ts';

/** A line of the manifest list, as Avro names it. */
export interface ManifestLine {
  readonly manifest_path: string;
  readonly manifest_length: bigint;
  readonly partition_spec_id: number;
  readonly content: number;
  readonly sequence_number: bigint;
  readonly min_sequence_number: bigint;
  readonly added_snapshot_id: bigint;
  readonly added_files_count: number;
  readonly existing_files_count: number;
  readonly deleted_files_count: number;
  readonly added_rows_count: bigint;
  readonly existing_rows_count: bigint;
  readonly deleted_rows_count: bigint;
  readonly partitions:
    | readonly {
        readonly contains_null: boolean;
        readonly contains_nan: boolean | null;
        readonly lower_bound: Uint8Array | null;
        readonly upper_bound: Uint8Array | null;
      }[]
    | null;
}

/** A live entry with what the content rules need. */
export interface Entry {
  readonly where: string;
  readonly path: string;
  readonly content: number;
  readonly recordCount: bigint;
  readonly fileSize: bigint;
  readonly spec: PartitionSpec;
  readonly tuple: readonly (PrimitiveValue | null)[];
  /** The `data_file` record. */
  readonly file: Readonly<Record<string, unknown>>;
}

type Row = Readonly<Record<string, unknown>>;

export async function lintManifest(source: TableSource, line: ManifestLine): Promise<readonly Entry[]> {
  const { findings } = source;
  const where = line.manifest_path;
  const bytes = await source.read(where, '8.2');
  const spec = source.spec(line.partition_spec_id);
  findings.check(spec !== undefined, '3.13', where, `spec ${line.partition_spec_id} is not in the table`);
  if (bytes === undefined || spec === undefined) return [];
  findings.check(
    BigInt(bytes.length) === line.manifest_length,
    '8.4',
    where,
    `is ${bytes.length} bytes long, the list says ${line.manifest_length}`,
  );
  const file = await readAvro(bytes);
  lintHeader(source, file.header, line, spec, where);
  const struct = lintManifestSchema(file.header.get('avro.schema') ?? '{}', where, findings);
  const sources = source.sources(spec);
  const names = lintPartitionStruct(struct, spec, source.sourcesThen(spec, file.header), where, findings);
  const types = spec.fields.map((field, at) => resultType(field.transform, sources[at] ?? { kind: 'int' }));
  lintCounts(source, file.records, line, where);
  const live = file.records.filter((entry) => entry['status'] !== 2);
  const entries = live.map((entry): Entry => {
    const data = entry['data_file'] as Row;
    const tuple = types.map((type, at) => valueOf(type, (data['partition'] as Row)[names[at] ?? '']));
    return {
      where: `${where}: ${String(data['file_path'])}`,
      path: String(data['file_path']),
      content: Number(data['content'] ?? 0),
      recordCount: data['record_count'] as bigint,
      fileSize: data['file_size_in_bytes'] as bigint,
      spec,
      tuple,
      file: data,
    };
  });
  for (const entry of entries)
    findings.check(
      (entry.content === 0) === (line.content === 0),
      '7.11',
      entry.where,
      'data and delete files share a manifest',
    );
  for (const entry of file.records) lintEntry(source, entry, line, where);
  lintSummaries(source, types, entries, line, where);
  return entries;
}

function lintHeader(
  source: TableSource,
  header: ReadonlyMap<string, string>,
  line: ManifestLine,
  spec: PartitionSpec,
  where: string,
): void {
  const { findings } = source;
  const expected = {
    'partition-spec-id': String(spec.specId),
    'format-version': '2',
    content: line.content === 0 ? 'data' : 'deletes',
  };
  for (const [key, value] of Object.entries(expected))
    findings.check(header.get(key) === value, '7.1', where, `header ${key} is ${show(header.get(key))}, not ${value}`);
  findings.check(
    source.schemaIds().includes(header.get('schema-id') ?? ''),
    '7.1',
    where,
    `header schema-id is ${show(header.get('schema-id'))}`,
  );
  findings.check(
    ['null', 'deflate'].includes(header.get('avro.codec') ?? 'null'),
    '7.13',
    where,
    `codec ${show(header.get('avro.codec'))}`,
  );
  try {
    const schema = parseJson64(header.get('schema') ?? '', 'header schema') as {
      readonly type?: unknown;
      readonly fields?: unknown;
    };
    findings.check(
      schema.type === 'struct' && Array.isArray(schema.fields),
      '7.1',
      where,
      'header schema is not an Iceberg schema',
    );
    const fields = parseSpecFields(parseJson64(header.get('partition-spec') ?? '', 'header'), 'header');
    findings.check(
      show(specFieldsJson({ specId: 0, fields })) === show(specFieldsJson(spec)),
      '7.1',
      where,
      "header partition-spec is not the spec's fields",
    );
  } catch (error) {
    findings.add('7.1', where, `header: ${String(error)}`);
  }
}

function lintCounts({ findings }: TableSource, records: readonly Row[], line: ManifestLine, where: string): void {
  for (const [status, files, rows] of [
    [1, line.added_files_count, line.added_rows_count],
    [0, line.existing_files_count, line.existing_rows_count],
    [2, line.deleted_files_count, line.deleted_rows_count],
  ] as const) {
    const entries = records.filter((entry) => entry['status'] === status);
    const sum = entries.reduce((total, entry) => total + ((entry['data_file'] as Row)['record_count'] as bigint), 0n);
    findings.check(
      entries.length === files,
      '8.5',
      where,
      `holds ${entries.length} entries of status ${status}, the list says ${files}`,
    );
    findings.check(sum === rows, '8.5', where, `entries of status ${status} hold ${sum} rows, the list says ${rows}`);
  }
}

function lintEntry({ findings }: TableSource, entry: Row, line: ManifestLine, where: string): void {
  const at = `${where}: ${String((entry['data_file'] as Row)['file_path'])}`;
  const sequence = entry['sequence_number'] as bigint | null;
  const fileSequence = entry['file_sequence_number'] as bigint | null;
  findings.check([0, 1, 2].includes(Number(entry['status'])), '7.5', at, `status ${show(entry['status'])}`);
  if (entry['status'] === 1) {
    findings.check(
      show(entry['snapshot_id']) === show(line.added_snapshot_id),
      '7.9',
      at,
      `added by ${show(entry['snapshot_id'])}, the manifest by ${line.added_snapshot_id}`,
    );
    findings.check(fileSequence === null, '7.10', at, 'an added file must inherit its file sequence number');
  } else {
    findings.check(
      sequence !== null && fileSequence !== null && entry['snapshot_id'] !== null,
      '7.9',
      at,
      'numbers of an existing or deleted entry must be written out',
    );
    findings.check(
      sequence === null || sequence <= line.sequence_number,
      '7.9',
      at,
      "sequence number is above the manifest's",
    );
  }
  if (entry['status'] !== 2 && sequence !== null)
    findings.check(
      sequence >= line.min_sequence_number,
      '8.4',
      at,
      `sequence number ${sequence} is below min_sequence_number`,
    );
}

/** The sign of each half of a uuid, by which Java orders it; a null has none. */
function signsOf(value: PrimitiveValue | null | undefined): readonly string[] {
  return value instanceof Uint8Array ? [`${(value[0] ?? 0) >> 7} ${(value[8] ?? 0) >> 7}`] : [];
}

/** Checklist 8.3: exact about nulls, and bounds that bound. */
function lintSummaries(
  { findings }: TableSource,
  types: readonly PrimitiveType[],
  entries: readonly Entry[],
  line: ManifestLine,
  where: string,
): void {
  const hasDisputedUuids = types.some(
    ({ kind }, at) => kind === 'uuid' && new Set(entries.flatMap((entry) => signsOf(entry.tuple[at]))).size > 1,
  );
  if (line.partitions === null) {
    findings.check(types.length === 0 || hasDisputedUuids, '8.3', where, 'no partition summaries');
    return;
  }
  findings.check(!hasDisputedUuids, 'c8.1', where, 'uuid bounds that Java orders otherwise');
  findings.check(line.partitions.length === types.length, '8.3', where, 'not one summary a partition field');
  for (const [at, summary] of line.partitions.entries()) {
    const type = types[at];
    if (type === undefined) continue;
    const values = entries.map((entry) => entry.tuple[at] ?? null);
    findings.check(
      !values.includes(null) || summary.contains_null,
      '8.3',
      where,
      `field ${at}: contains_null is false, but there are nulls`,
    );
    const hasNan = values.some((value) => Number.isNaN(value));
    findings.check(
      !hasNan || summary.contains_nan !== false,
      '8.3',
      where,
      `field ${at}: contains_nan is false, but there is one`,
    );
    for (const value of values) {
      if (value === null || Number.isNaN(value)) continue;
      const [low, high] = [summary.lower_bound, summary.upper_bound];
      findings.check(
        low !== null && compareSingle(decodeSingle(type, low), value) <= 0,
        '8.3',
        where,
        `field ${at}: ${show(value)} is below the lower bound`,
      );
      findings.check(
        high !== null && compareSingle(decodeSingle(type, high), value) >= 0,
        '8.3',
        where,
        `field ${at}: ${show(value)} is above the upper bound`,
      );
    }
  }
}

function valueOf(type: PrimitiveType, stored: unknown): PrimitiveValue | null {
  if (stored === null || stored === undefined) return null;
  if (type.kind === 'decimal' && stored instanceof Uint8Array) return fromTwosComplement(stored);
  if (typeof stored === 'number' && ['long', 'time', 'timestamp', 'timestamptz'].includes(type.kind))
    return BigInt(stored);
  return stored as PrimitiveValue;
}

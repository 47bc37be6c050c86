/** Rules about the shape of a Parquet file and what its entry says of it (checklist §5, 6.1, 6.5, 6.8, 6.9): everything but the values. */
import { parquetMetadata, type FileMetaData, type SchemaElement } from 'hyparquet';
import type { FieldAt } from '../../../src/record/schema-check.ts';
import { isPrimitive } from '../../../src/record/types.ts';
import { show } from './findings.ts';
import type { Entry } from './manifest.ts';
import type { TableSource } from './source.ts';

/** A leaf column of the file that belongs to a field of the table. */
export interface Column {
  readonly at: FieldAt;
  /** Names from the root to the leaf, as the file spells them. */
  readonly path: readonly string[];
}

export function lintParquet(source: TableSource, entry: Entry, bytes: Uint8Array): readonly Column[] {
  const { findings } = source;
  const { where } = entry;
  findings.check(
    BigInt(bytes.length) === entry.fileSize,
    '5.0',
    where,
    `is ${bytes.length} bytes long, the entry says ${entry.fileSize}`,
  );
  let metadata: FileMetaData;
  try {
    metadata = parquetMetadata(new Uint8Array(bytes).buffer);
  } catch (error) {
    findings.add('5.0', where, `is no Parquet file: ${String(error)}`);
    return [];
  }
  findings.check(
    metadata.num_rows === entry.recordCount,
    '5.0',
    where,
    `holds ${metadata.num_rows} rows, the entry says ${entry.recordCount}`,
  );
  const columns = lintSchema(source, metadata.schema, where);
  lintOffsets(source, entry, metadata);
  lintSizes(source, entry, metadata, columns);
  lintUuidStatistics(source, metadata, columns, where);
  return columns;
}

/** Ids at every level (5.1), list and map names (5.2), no INT96 (5.3). */
function lintSchema(source: TableSource, elements: readonly SchemaElement[], where: string): readonly Column[] {
  const { findings } = source;
  const columns: Column[] = [];
  const seen = new Set<number>();
  let next = 1;
  const visit = (path: readonly string[], parent: SchemaElement | undefined): void => {
    const element = elements[next];
    next += 1;
    if (element === undefined) return;
    const here = [...path, element.name];
    const at = `${where}: column ${here.join('.')}`;
    // The repeated groups of lists and maps are no fields of the table.
    const isWrapper = element.repetition_type === 'REPEATED';
    if (isWrapper)
      findings.check(
        ['list', 'key_value'].includes(element.name),
        '5.2',
        at,
        'the repeated group must be named list or key_value',
      );
    else {
      const field = element.field_id === undefined ? undefined : source.fields.get(element.field_id);
      if (
        findings.check(field !== undefined, '5.1', at, `field id ${show(element.field_id)} is not in the table`) &&
        field !== undefined
      ) {
        findings.check(!seen.has(field.field.id), '5.1', at, `field id ${field.field.id} is used twice`);
        seen.add(field.field.id);
        if (isPrimitive(field.field.type) && element.num_children === undefined)
          columns.push({ at: field, path: here });
      }
      if (parent?.repetition_type === 'REPEATED')
        findings.check(
          ['element', 'key', 'value'].includes(element.name),
          '5.2',
          at,
          'must be named element, key or value',
        );
    }
    findings.check(element.type !== 'INT96', '5.3', at, 'is INT96');
    for (let child = 0; child < (element.num_children ?? 0); child += 1) visit(here, element);
  };
  for (let child = 0; child < (elements[0]?.num_children ?? 0); child += 1) visit([], undefined);
  return columns;
}

function lintOffsets({ findings }: TableSource, entry: Entry, metadata: FileMetaData): void {
  const offsets = entry.file['split_offsets'] as readonly bigint[] | null;
  if (offsets === null || offsets === undefined) return;
  const truth = metadata.row_groups.map((group) => {
    const first = group.columns[0]?.meta_data;
    return group.file_offset ?? first?.dictionary_page_offset ?? first?.data_page_offset ?? 0n;
  });
  findings.check(
    show(offsets) === show(truth),
    '7.6',
    entry.where,
    `split_offsets are ${show(offsets)}, row groups start at ${show(truth)}`,
  );
}

function lintSizes({ findings }: TableSource, entry: Entry, metadata: FileMetaData, columns: readonly Column[]): void {
  for (const { key, value } of (entry.file['column_sizes'] ?? []) as readonly { key: number; value: bigint }[]) {
    const column = columns.find((candidate) => candidate.at.field.id === key);
    const path = show(column?.path);
    const truth = metadata.row_groups
      .flatMap((group) => group.columns)
      .filter((chunk) => show(chunk.meta_data?.path_in_schema) === path)
      .reduce((sum, chunk) => sum + (chunk.meta_data?.total_compressed_size ?? 0n), 0n);
    findings.check(
      column !== undefined && truth === value,
      '6.1',
      `${entry.where}: column ${key}`,
      `column_sizes says ${value}, the footer ${truth}`,
    );
  }
}

function lintUuidStatistics(
  { findings }: TableSource,
  metadata: FileMetaData,
  columns: readonly Column[],
  where: string,
): void {
  for (const { at, path } of columns) {
    if (at.field.type.kind !== 'uuid') continue;
    for (const group of metadata.row_groups)
      for (const chunk of group.columns) {
        if (show(chunk.meta_data?.path_in_schema) !== show(path)) continue;
        const statistics = chunk.meta_data?.statistics;
        const bounds = [statistics?.min, statistics?.max, statistics?.min_value, statistics?.max_value];
        findings.check(
          bounds.every((bound) => bound === undefined),
          '6.9',
          `${where}: column ${path.join('.')}`,
          'the footer holds uuid statistics',
        );
      }
  }
}

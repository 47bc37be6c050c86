/** Local Parquet files opened for a rewrite: their columns with ids, and statements that read files of equal columns at once. */
import type { NameMapping } from '../../record/name-mapping.ts';
import { SluiceError } from '../../core/errors.ts';
import { literal, name } from '../engine/sql-text.ts';
import { ids, readFooter } from '../footer/parquet-footer.ts';
import { fieldOf } from '../footer/thrift-compact.ts';
import type { FileNode } from './file-tree.ts';
import { fileColumns, hasIds, withMappedIds } from './file-tree.ts';

export interface LocalFile {
  readonly path: string;
  readonly rows: bigint;
  readonly columns: readonly FileNode[];
}

/** Files that one `read_parquet` reads: it goes by the first one's columns. */
export interface FileGroup {
  readonly paths: readonly string[];
  readonly columns: readonly FileNode[];
}

/** Columns that a read adds to those of the file. */
export const added = { file: '__sluice_file', row: '__sluice_row' } as const;

/** Rejects with kind `corrupt` for what is no Parquet file, `unsupported` for one without ids when there is no mapping. */
export async function openLocalFile(path: string, mapping: NameMapping | undefined): Promise<LocalFile> {
  const { metadata } = await readFooter(path);
  const columns = fileColumns(metadata);
  const rows = fieldOf(metadata, ids.file.rows) as bigint;
  if (hasIds(columns)) return { path, rows, columns };
  if (mapping === undefined)
    throw new SluiceError('unsupported', 'a data file has no field ids and the table has no name mapping', {
      remedy: 'set schema.name-mapping.default, as the specification asks of such tables',
    });
  return { path, rows, columns: withMappedIds(columns, mapping) };
}

export function grouped(files: readonly LocalFile[]): readonly FileGroup[] {
  const groups = new Map<string, { readonly paths: string[]; readonly columns: readonly FileNode[] }>();
  for (const { path, columns } of files) {
    // DuckDB finds the columns of the other files by name, without case: a name that comes twice is read from one file at a time.
    const names = new Set(columns.map((column) => column.name.toLowerCase()));
    const key = names.size === columns.length ? JSON.stringify(columns) : path;
    const group = groups.get(key) ?? { paths: [], columns };
    group.paths.push(path);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The expression of a column in the rows of `readSql`. */
export const columnAt = (index: number): string => `c${index}`;

/** Every column by its place, the file's path, and with `rowNumbers` the position of the row in it. */
export function readSql({ paths, columns }: FileGroup, rowNumbers: boolean): string {
  if (rowNumbers && columns.some((column) => column.name.toLowerCase() === 'file_row_number'))
    throw new SluiceError('unsupported', 'position deletes cannot be applied to files with a column file_row_number', {
      remedy: 'rename the column, or compact the table with another engine',
    });
  const list = paths.map(literal).join(', ');
  const options = [`filename = ${literal(added.file)}`, 'hive_partitioning = false', 'union_by_name = false'];
  if (rowNumbers) options.push('file_row_number = true');
  const names = [...columns.map((_, index) => columnAt(index)), ...(rowNumbers ? [added.row] : []), added.file];
  return `read_parquet([${list}], ${options.join(', ')}) AS t(${names.map(name).join(', ')})`;
}

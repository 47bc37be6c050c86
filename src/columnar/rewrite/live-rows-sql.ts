/**
 * The rows of the inputs that no delete takes away, as one select (spec "Scan Planning": position deletes from their own sequence number
 * down, equality deletes strictly below it). Owns SQL text.
 */
import type { EqualityDeletes, RewriteRequest } from '../../contracts/file-rewriter.ts';
import { SluiceError } from '../../core/errors.ts';
import { findField } from '../../record/schema-check.ts';
import { aliases } from '../engine/decode-sql.ts';
import { fieldExpression } from '../engine/field-path.ts';
import { literal, name } from '../engine/sql-text.ts';
import type { LocalFile } from './local-files.ts';
import { added, columnAt, grouped, readSql } from './local-files.ts';
import { columnById, tableColumns } from './value-sql.ts';

const SEQUENCE = '__sluice_sequence';

/** By local path, of inputs and equality delete files. */
export type LocalFiles = ReadonlyMap<string, LocalFile>;

export function liveRowsSql(request: RewriteRequest, files: LocalFiles): string {
  const { positionDeletes, equalityDeletes } = request;
  const columns = aliases(request.layout.schema.fields).map(({ alias }) => `r.${name(alias)}`);
  const positions = positionDeletes.length === 0 ? '' : ` ${positionJoin(request)}`;
  const equalities = bySameIds(equalityDeletes).map((deletes, index) => equalityJoin(request, files, deletes, index));
  const kept = equalities.map((_, index) => `(e${index}.sequence IS NULL OR e${index}.sequence <= r.${SEQUENCE})`);
  return (
    `SELECT ${columns.join(', ')} FROM (${inputRows(request, files)}) r${positions}${equalities.join('')}` +
    (kept.length === 0 ? '' : ` WHERE ${kept.join(' AND ')}`)
  );
}

function inputRows({ layout, inputs, positionDeletes, equalityDeletes, constants }: RewriteRequest, files: LocalFiles) {
  const rowNumbers = positionDeletes.length > 0;
  const selects = grouped(inputs.map(({ localPath }) => found(files, localPath))).map((group) => {
    const columns = tableColumns(layout.schema.fields, group.columns, columnAt, constants);
    return `SELECT ${[...columns, added.file, ...(rowNumbers ? [added.row] : [])].join(', ')} FROM ${readSql(group, rowNumbers)}`;
  });
  const rows = selects.join(' UNION ALL ');
  if (equalityDeletes.length === 0) return rows;
  const values = inputs.map(({ localPath, sequenceNumber }) => `(${literal(localPath)}, ${sequenceNumber}::BIGINT)`);
  return `SELECT u.*, i.sequence AS ${SEQUENCE} FROM (${rows}) u JOIN (VALUES ${values.join(', ')}) i(path, sequence) ON u.${added.file} = i.path`;
}

function positionJoin({ inputs, positionDeletes }: RewriteRequest): string {
  const paths = positionDeletes.map(({ localPath }) => literal(localPath)).join(', ');
  const deletes = positionDeletes.map((file) => `(${literal(file.localPath)}, ${file.sequenceNumber}::BIGINT)`);
  const data = inputs.map(
    ({ uri, localPath, sequenceNumber }) => `(${literal(uri)}, ${literal(localPath)}, ${sequenceNumber}::BIGINT)`,
  );
  const rows =
    `SELECT i.path AS path, d.pos AS pos FROM read_parquet([${paths}], filename = ${literal(added.file)}, union_by_name = true, ` +
    `hive_partitioning = false) d JOIN (VALUES ${deletes.join(', ')}) s(path, sequence) ON d.${added.file} = s.path ` +
    `JOIN (VALUES ${data.join(', ')}) i(uri, path, sequence) ON d.file_path = i.uri WHERE s.sequence >= i.sequence`;
  return `ANTI JOIN (${rows}) p ON r.${added.file} = p.path AND r.${added.row} = p.pos`;
}

/** One row a key, so that the join multiplies nothing; only the youngest delete of a key matters. */
function equalityJoin(
  { layout }: RewriteRequest,
  files: LocalFiles,
  deletes: readonly EqualityDeletes[],
  index: number,
): string {
  const ids = deletes[0]?.equalityIds ?? [];
  const selects = deletes.map(({ localPath, sequenceNumber }) => {
    const { columns, path } = found(files, localPath);
    const keys = ids.map((id, at) => {
      const type = findField(layout.schema, id)?.field.type;
      const value = type === undefined ? undefined : columnById(columns, id, type, columnAt);
      if (value === undefined) throw droppedColumn(id);
      return `${value} AS k${at}`;
    });
    return `SELECT ${keys.join(', ')}, ${sequenceNumber}::BIGINT AS sequence FROM ${readSql({ paths: [path], columns }, false)}`;
  });
  const keys = ids.map((_, at) => `k${at}`).join(', ');
  const youngest = `SELECT ${keys}, max(sequence) AS sequence FROM (${selects.join(' UNION ALL ')}) GROUP BY ${keys}`;
  const same = ids.map((id, at) => {
    const path = fieldExpression(layout.schema, id);
    if (path === undefined) throw droppedColumn(id);
    return `r.${path} IS NOT DISTINCT FROM e${index}.k${at}`;
  });
  return ` LEFT JOIN (${youngest}) e${index} ON ${same.join(' AND ')}`;
}

function bySameIds(deletes: readonly EqualityDeletes[]): readonly (readonly EqualityDeletes[])[] {
  const groups = new Map<string, EqualityDeletes[]>();
  for (const file of deletes) {
    const ids = [...new Set(file.equalityIds)].sort((a, b) => a - b);
    const group = groups.get(ids.join()) ?? [];
    groups.set(ids.join(), group);
    group.push({ ...file, equalityIds: ids });
  }
  return [...groups.values()];
}

function found(files: LocalFiles, path: string): LocalFile {
  const file = files.get(path);
  if (file === undefined)
    throw new SluiceError('internal', 'a file of the rewrite was not opened', { context: { path } });
  return file;
}

const droppedColumn = (id: number): SluiceError =>
  new SluiceError('unsupported', `an equality delete goes by column ${id}, which the schema or the delete file lacks`, {
    remedy: 'compact the table with the engine that wrote the delete',
  });

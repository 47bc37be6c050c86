/**
 * What files of the maintained world hold: a data file lines `<row id> <key> <part>`, an equality delete one key a line, a position delete
 * `<uri> <position>` a line. Owns how deletes apply to lines (spec "Scan Planning"), written apart from the product's engine.
 */
import type { TableDefinition } from '../../../src/contracts/tables.ts';
import { pipelineId } from '../../../src/core/ids.ts';
import type { FileFacts } from '../../../src/record/data-file.ts';
import { NO_METRICS } from '../../support/iceberg/samples.ts';

export const ROOT = 's3://lake';
export const PIPELINE = pipelineId('main');
export const KEY_ID = 2;

/** `db.t (id, key, part)`, by part or in one partition. */
export const tableOf = (partitioned: boolean, properties: ReadonlyMap<string, string>): TableDefinition => ({
  name: { namespace: ['db'], name: 't' },
  fields: [
    { id: 1, name: 'id', type: { kind: 'string' }, required: true },
    { id: KEY_ID, name: 'key', type: { kind: 'string' }, required: true },
    { id: 3, name: 'part', type: { kind: 'int' }, required: true },
  ],
  partition: partitioned ? [{ sourceId: 3, name: 'part', transform: { kind: 'identity' } }] : [],
  properties,
});

export interface Line {
  readonly id: string;
  readonly key: string;
  readonly part: number;
}

export const textOf = ({ id, key, part }: Line): string => `${id} ${key} ${part}`;

export function lineOf(text: string): Line {
  const [id = '', key = '', part = ''] = text.split(' ');
  return { id, key, part: Number(part) };
}

/** Position deletes take rows from files of their number and lower ones, equality deletes from lower ones only. */
export interface Deletes {
  readonly positions: readonly { readonly sequence: bigint; readonly rows: readonly string[] }[];
  readonly keys: readonly { readonly sequence: bigint; readonly rows: readonly string[] }[];
}

/** Lines of the file that are left. */
export function left(uri: string, sequence: bigint, lines: readonly string[], { positions, keys }: Deletes): string[] {
  const gone = new Set(positions.filter((file) => file.sequence >= sequence).flatMap(({ rows }) => rows));
  const goneKeys = new Set(keys.filter((file) => file.sequence > sequence).flatMap(({ rows }) => rows));
  return lines.filter((line, at) => !gone.has(`${uri} ${at}`) && !goneKeys.has(lineOf(line).key));
}

/** What metadata says of a file with these lines, all of one part. */
export const factsOf = (lines: readonly string[], partitioned: boolean): FileFacts => ({
  format: 'parquet',
  partition: partitioned ? [lineOf(lines[0] ?? '').part] : [],
  specId: 0,
  recordCount: BigInt(lines.length),
  fileSizeInBytes: BigInt(sizeOf(lines)),
  metrics: NO_METRICS,
  splitOffsets: [],
});

export const sizeOf = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + line.length + 1, 0);

/** One list a file. */
export const byFile = (lines: readonly string[], partitioned: boolean): readonly (readonly string[])[] => [
  ...Map.groupBy(lines, (line) => (partitioned ? lineOf(line).part : 0)).values(),
];

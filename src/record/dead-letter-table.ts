/**
 * The table that holds a table's dead letters: its name, its columns, and its rows as NDJSON. One row says that a record was refused; a
 * later row of the same `id` says what was done about it. Owns the shape; who writes and reads rows is elsewhere.
 */
import type { TableName } from '../core/ids.ts';
import { stringifyJson64 } from '../core/json64.ts';
import { isCreatableName } from './table-name.ts';
import type { Field, Type } from './types.ts';

const SUFFIX = '__dead_letters';

/** Undefined when the table's name leaves no room for one beside it. */
export function deadLetterTableOf({ namespace, name }: TableName): TableName | undefined {
  const letters = { namespace, name: name + SUFFIX };
  return isCreatableName(letters) ? letters : undefined;
}

/** What the dead letters of one request are named. */
export const batchOf = (uuid: string): string => `dl_${uuid.replaceAll('-', '')}`;

/** Whose dead letters the table holds, by its name. */
export const ownerOfLetters = ({ namespace, name }: TableName): TableName | undefined =>
  name.endsWith(SUFFIX) ? { namespace, name: name.slice(0, -SUFFIX.length) } : undefined;

export const isDeadLetterTable = ({ name }: TableName): boolean => name.endsWith(SUFFIX);

/** `open`: refused and waiting. The others are marks on an earlier row. */
export const LETTER_STATUSES = ['open', 'replayed', 'discarded'] as const;
export type LetterStatus = (typeof LETTER_STATUSES)[number];

/**
 * `refused`: when it was sent. The others had been acknowledged, and were not in their table yet when … `late_refusal`: its schema changed;
 * `table_gone`: it was dropped or replaced; `poison`: they killed the process, each by itself.
 */
export type LetterCause = 'refused' | 'late_refusal' | 'table_gone' | 'poison';

export interface LetterRow {
  readonly id: string;
  readonly status: LetterStatus;
  /** Of the request that was refused, or of the replay that marked it. */
  readonly batch: string;
  /** ISO 8601 with `Z`; of a mark, when it was made. */
  readonly received_at: string;
  readonly table_name: string;
  readonly cause?: LetterCause;
  readonly code?: string;
  readonly pointer?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly detail?: string;
  /** 1-based, within the request. */
  readonly record?: number;
  readonly line?: number;
  readonly request_id?: string;
  /** Under which it was refused. */
  readonly schema_id?: number;
  readonly ignore_unknown_fields?: boolean;
  /** Where a record that was acknowledged lies in the log. */
  readonly lane?: string;
  readonly offset?: bigint;
  /** Base64 of the bytes as they were received. */
  readonly original?: string;
}

const COLUMNS: readonly (readonly [keyof LetterRow, Type['kind'], 'required'?])[] = [
  ['id', 'string', 'required'],
  ['status', 'string', 'required'],
  ['batch', 'string', 'required'],
  ['received_at', 'timestamptz', 'required'],
  ['table_name', 'string', 'required'],
  ['cause', 'string'],
  ['code', 'string'],
  ['pointer', 'string'],
  ['expected', 'string'],
  ['got', 'string'],
  ['detail', 'string'],
  ['record', 'long'],
  ['line', 'long'],
  ['request_id', 'string'],
  ['schema_id', 'int'],
  ['ignore_unknown_fields', 'boolean'],
  ['lane', 'string'],
  ['offset', 'long'],
  ['original', 'binary'],
];

export const LETTER_FIELDS: readonly Field[] = COLUMNS.map(([name, kind, required], index) => ({
  id: index + 1,
  name,
  type: { kind } as Type,
  required: required === 'required',
}));

/** By whose day the table is partitioned. */
export const LETTER_DAY = {
  sourceId: 1 + COLUMNS.findIndex(([name]) => name === 'received_at'),
  name: 'received_at_day',
  transform: { kind: 'day' },
} as const;

/** Texts that quote what a client sent are cut here: the original bytes have the rest. */
const MAX_TEXT = 1_000;

/** One line of the table, ended. */
export const letterLine = (row: LetterRow): string =>
  `${stringifyJson64(
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        typeof value === 'string' && key !== 'original' ? shortened(value) : value,
      ]),
    ),
  )}\n`;

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

const shortened = (text: string): string =>
  (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text).toWellFormed();

/**
 * Records of the simulated world, and the checker that decides which fit. A record is one line, `<row id> <column> <column> …`: the columns
 * it uses must be in the schema. Row ids are `r<request>.<number>`.
 */
import type { CanonicalLines, CheckOutcome, RecordChecker } from '../../../src/contracts/record-checker.ts';
import type { Field, Schema } from '../../../src/record/types.ts';

export const row = (request: number, number: number): string => `r${request}.${number}`;
/** Undefined for rows of foreign writers. */
export const requestOf = (rowId: string): number | undefined =>
  rowId.startsWith('r') ? Number(rowId.slice(1, rowId.indexOf('.'))) : undefined;

export const bodyOf = (rows: readonly string[], columns: readonly string[]): Uint8Array =>
  Buffer.from(rows.map((id) => `${[id, ...columns].join(' ')}\n`).join(''));

const linesOf = (bytes: Uint8Array): string[] => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text === '' ? [] : text.slice(0, -1).split('\n');
};

export const rowsOf = (lines: Uint8Array): string[] => linesOf(lines).map((line) => line.split(' ')[0] ?? '');

/** Each column that a record of the lines uses. */
export const columnsOf = (lines: Uint8Array): string[] => [
  ...new Set(linesOf(lines).flatMap((line) => line.split(' ').slice(1))),
];

export const column = (id: number, name: string): Field => ({ id, name, type: { kind: 'string' }, required: false });

export const BASE_SCHEMA: Schema = { schemaId: 0, fields: [column(1, 'id'), column(2, 'wide')] };

export class SimChecker implements RecordChecker {
  readonly #columns: ReadonlySet<string>;

  constructor(schema: Schema) {
    this.#columns = new Set(schema.fields.map((field) => field.name));
  }

  check(body: Uint8Array): CheckOutcome {
    const lines = linesOf(body);
    const bad = lines.findIndex((line) => !this.#fits(line));
    if (bad < 0) return { kind: 'accepted', lines: body, count: lines.length };
    const refusal = {
      record: bad + 1,
      line: bad + 1,
      pointer: '',
      code: 'unknown_field' as const,
      detail: 'no such column',
    };
    return { kind: 'refused', count: lines.length, total: 1, refusals: [refusal] };
  }

  canonical(lines: Uint8Array): CanonicalLines {
    const all = linesOf(lines);
    const refused = all.flatMap((line, index) => (this.#fits(line) ? [] : [{ index, cause: 'no such column' }]));
    return { lines, count: all.length - refused.length, refused };
  }

  /** Pauses once, so that something can happen between the first record and the last. */
  *checkInSteps(body: Uint8Array): Generator<void, CheckOutcome> {
    yield;
    return this.check(body);
  }

  *canonicalInSteps(lines: Uint8Array): Generator<void, CanonicalLines> {
    yield;
    return this.canonical(lines);
  }

  #fits(line: string): boolean {
    return line
      .split(' ')
      .slice(1)
      .every((name) => this.#columns.has(name));
  }
}

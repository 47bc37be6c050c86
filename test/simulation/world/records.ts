/**
 * Records of the simulated world, and the checker that decides which fit. A record is one line, `<row id> <column> <column> …`: the columns
 * it uses must be in the schema. Row ids are `r<request>.<number>`.
 */
import type {
  CanonicalLines,
  CheckOutcome,
  DivideOutcome,
  Misfit,
  RecordChecker,
} from '../../../src/contracts/record-checker.ts';
import type { Field, Schema } from '../../../src/record/types.ts';

export const row = (request: number, number: number): string => `r${request}.${number}`;
/** Undefined for rows of foreign writers. */
export const requestOf = (rowId: string): number | undefined =>
  rowId.startsWith('r') ? Number(rowId.slice(1, rowId.indexOf('.'))) : undefined;

/** No table ever has it. */
export const NO_COLUMN = 'never';

export const bodyOf = (
  rows: readonly string[],
  columns: readonly string[],
  bad: ReadonlySet<string> = new Set(),
): Uint8Array =>
  Buffer.from(rows.map((id) => `${[id, ...columns, ...(bad.has(id) ? [NO_COLUMN] : [])].join(' ')}\n`).join(''));

const linesOf = (bytes: Uint8Array): string[] => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
};

/** A dead letter stands for the record whose bytes it keeps; a mark for itself. */
export const rowsOf = (lines: Uint8Array): string[] =>
  linesOf(lines).map((line) => {
    if (!isLetter(line)) return line.split(' ')[0] ?? '';
    const { id, status, original } = letterOf(line);
    return status === 'open' ? (original.split(' ')[0] ?? '') : markOf(id);
  });

/** The row of a dead-letter table that says of another that it is done with. */
export const markOf = (id: string): string => `mark ${id}`;

export interface SimLetter {
  readonly id: string;
  readonly status: string;
  /** As it was sent. */
  readonly original: string;
}

export const lettersOf = (lines: Uint8Array): SimLetter[] => linesOf(lines).filter(isLetter).map(letterOf);

/** Each column that a record of the lines uses. */
export const columnsOf = (lines: Uint8Array): string[] => [
  ...new Set(linesOf(lines).flatMap((line) => (isLetter(line) ? [] : line.split(' ').slice(1)))),
];

/** Whether these are rows of a dead-letter table. */
export const areLetters = (lines: Uint8Array): boolean => lines[0] === 0x7b;

const isLetter = (line: string): boolean => line.startsWith('{');

function letterOf(line: string): SimLetter {
  const {
    id,
    status,
    original = '',
  } = JSON.parse(line) as Omit<SimLetter, 'original'> & { readonly original?: string };
  return { id, status, original: Buffer.from(original, 'base64').toString('latin1') };
}

export const column = (id: number, name: string): Field => ({ id, name, type: { kind: 'string' }, required: false });

export const BASE_SCHEMA: Schema = { schemaId: 0, fields: [column(1, 'id'), column(2, 'wide')] };

const NO_SUCH_COLUMN: Misfit = { pointer: '', code: 'unknown_field', detail: 'no such column' };

const textOf = (lines: readonly string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\n`).join(''));

export class SimChecker implements RecordChecker {
  readonly #columns: ReadonlySet<string>;

  constructor(schema: Schema) {
    this.#columns = new Set(schema.fields.map((field) => field.name));
  }

  check(body: Uint8Array): CheckOutcome {
    const lines = linesOf(body);
    const refusals = lines.flatMap((line, index) =>
      this.#fits(line) ? [] : [{ record: index + 1, line: index + 1, ...NO_SUCH_COLUMN }],
    );
    return refusals.length === 0
      ? { kind: 'accepted', lines: textOf(lines), count: lines.length }
      : { kind: 'refused', count: lines.length, total: refusals.length, refusals };
  }

  canonical(lines: Uint8Array): CanonicalLines {
    const all = linesOf(lines);
    const refused = all.flatMap((line, index) => (this.#fits(line) ? [] : [{ index, misfit: NO_SUCH_COLUMN }]));
    if (refused.length > 0) {
      const fits = all.filter((line) => this.#fits(line));
      return { lines: textOf(fits), count: fits.length, refused };
    }
    return { lines, count: all.length - refused.length, refused };
  }

  /** Pauses once, so that something can happen between the first record and the last. */
  *checkInSteps(body: Uint8Array): Generator<void, CheckOutcome> {
    yield;
    return this.check(body);
  }

  *divideInSteps(...[body, , , onRefused]: Parameters<RecordChecker['divideInSteps']>): Generator<void, DivideOutcome> {
    yield;
    const lines = linesOf(body);
    const fits = lines.filter((line) => this.#fits(line));
    for (const [index, line] of lines.entries())
      if (!this.#fits(line))
        onRefused({ record: index + 1, line: index + 1, ...NO_SUCH_COLUMN }, Buffer.from(line, 'latin1'));
    const refused = lines.length - fits.length;
    return { kind: 'divided', lines: textOf(fits), count: fits.length, refused, canonical: true };
  }

  *canonicalInSteps(lines: Uint8Array): Generator<void, CanonicalLines> {
    yield;
    return this.canonical(lines);
  }

  #fits(line: string): boolean {
    const columns = isLetter(line) ? [] : line.split(' ').slice(1);
    return columns.every((name) => this.#columns.has(name));
  }
}

/**
 * The record checker: byte walkers decide, the slow path explains, rewrites make lines canonical. Owns the loop over lines and the
 * assembly of what comes out. Does not know what a type takes (`compile-walk.ts`, `read-value.ts`, docs/types.md).
 */
import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../../core/errors.ts';
import type {
  BodyFormat,
  CanonicalLines,
  CheckOutcome,
  DivideOutcome,
  Misfit,
  RecordChecker,
  Refusal,
} from '../../contracts/record-checker.ts';
import type { Schema } from '../../record/types.ts';
import { bodyLines, CAREFUL_STEP_BYTES, endedByNewline, STEP_BYTES } from './body-lines.ts';
import { compileRecord } from './compile-walk.ts';
import type { Rewrite, Walk } from './cursor.ts';
import { Cursor, NEWLINE, skipSpace } from './cursor.ts';
import { misfitOf, readRecord, refusalOf } from './explain.ts';
import { growth, keepLines } from './keep-lines.ts';
import type { CheckLimits } from './limits.ts';
import { defaultCheckLimits, MAX_SLOW_VALUES } from './limits.ts';
import { refused } from './read-result.ts';
import type { Mismatch } from './read-value.ts';

type CheckOptions = Parameters<RecordChecker['check']>[2];

const MAX_LISTED = 100;
/** Refused records explained between two pauses: about as much work as a step of walking. */
const EXPLAINED_A_STEP = 256;

/** Compiled once a schema; the checker keeps no record. */
export function compileChecker(schema: Schema, limits: CheckLimits = defaultCheckLimits): RecordChecker {
  return new CompiledChecker(schema, limits);
}

class CompiledChecker implements RecordChecker {
  readonly #schema: Schema;
  readonly #walk: Walk;
  /** What a request may bring, and what a log may hold. */
  readonly #asked: CheckLimits;
  readonly #stored: CheckLimits;

  constructor(schema: Schema, limits: CheckLimits) {
    this.#schema = schema;
    const { maxDepth, maxRecordBytes, admittedRecordBytes = maxRecordBytes } = limits;
    this.#stored = { maxDepth, maxRecordBytes };
    this.#asked = { ...limits, maxRecordBytes: admittedRecordBytes };
    this.#walk = compileRecord(schema.fields, limits.maxDepth);
  }

  check(body: Uint8Array, format: BodyFormat, options: CheckOptions): CheckOutcome {
    return atOnce(this.checkInSteps(body, format, options));
  }

  *checkInSteps(body: Uint8Array, format: BodyFormat, options: CheckOptions): Generator<void, CheckOutcome> {
    const refusals: Refusal[] = [];
    const seen = yield* this.#judge(body, format, options, MAX_LISTED, (refusal) => refusals.push(refusal));
    if (seen.kind === 'refused') return seen;
    const { bytes, dropped, count, refused, rewritten } = seen;
    return refused > 0
      ? { kind: 'refused', count, total: refused, refusals }
      : { kind: 'accepted', lines: keepLines(bytes, [], dropped), count, canonical: !rewritten };
  }

  *divideInSteps(
    body: Uint8Array,
    format: BodyFormat,
    options: CheckOptions,
    onRefused: (refusal: Refusal, original: Uint8Array) => void,
  ): Generator<void, DivideOutcome> {
    const seen = yield* this.#judge(body, format, options, Number.POSITIVE_INFINITY, (refusal, start, end) =>
      onRefused(refusal, body.subarray(start, end)),
    );
    if (seen.kind === 'refused') return seen;
    const { bytes, dropped, count, refused, rewritten } = seen;
    const lines = keepLines(bytes, [], dropped);
    return { kind: 'divided', lines, count: count - refused, refused, canonical: !rewritten };
  }

  /** Every line of the body; the first `most` refused ones are explained, with where they stand in the body. */
  *#judge(
    body: Uint8Array,
    format: BodyFormat,
    options: CheckOptions,
    most: number,
    onRefused: (refusal: Refusal, start: number, end: number) => void,
  ): Generator<void, JudgedBody | Extract<CheckOutcome, { kind: 'refused' }>> {
    const split = yield* bodyLines(body, format, this.#asked.maxRecordBytes);
    if (split.kind === 'fault') {
      const { record, line, code, detail } = split;
      return { kind: 'refused', count: record, total: 1, refusals: [{ record, line, pointer: '', code, detail }] };
    }
    const { bytes, lineNumbers, skipped } = split;
    const dropped: number[] = [];
    const total = { count: 0, lines: 0, refused: 0, rewritten: false };
    let explained = 0;
    let step = CAREFUL_STEP_BYTES;
    for (let pieceStart = 0; pieceStart < bytes.length;) {
      if (pieceStart > 0) yield;
      const piece = pieceAt(bytes, pieceStart, step);
      // Five numbers a refused line: explaining is slow, so it takes its own steps once the piece is walked.
      const refused: number[] = [];
      const seen = this.#lines(piece, options, false, (start, end, index, line, tooSlow) => {
        if (explained + refused.length / 5 < most) refused.push(start, end, index, line, tooSlow ? 1 : 0);
      });
      for (let at = 0; at < refused.length; at += 5) {
        const [start = 0, end = 0, index = 0, line = 0, tooSlow = 0] = refused.slice(at, at + 5);
        const found = tooSlow === 1 ? TOO_SLOW : this.#explain(piece.subarray(start, end), options, false);
        const record = total.count + index;
        if (found === undefined) throw disagreement(record);
        const refusal = refusalOf(found, record + 1, lineNumbers?.[record] ?? total.lines + line);
        const first = skipSpace(piece, start);
        onRefused(refusal, skipped + pieceStart + first, skipped + pieceStart + spaceBefore(piece, first, end));
        explained += 1;
        if (explained % EXPLAINED_A_STEP === 0) yield;
      }
      for (let at = 0; at < seen.dropped.length; at += 2)
        drop(dropped, pieceStart + (seen.dropped[at] as number), pieceStart + (seen.dropped[at + 1] as number));
      total.count += seen.count;
      total.lines += seen.lines;
      total.refused += seen.refused;
      total.rewritten ||= seen.rewritten;
      step = nextStep(seen);
      pieceStart += piece.length;
    }
    return { kind: 'judged', bytes, dropped, ...total };
  }

  canonical(lines: Uint8Array, options: CheckOptions): CanonicalLines {
    return atOnce(this.canonicalInSteps(lines, options));
  }

  *canonicalInSteps(lines: Uint8Array, options: CheckOptions): Generator<void, CanonicalLines> {
    const bytes = endedByNewline(lines);
    const misfits: { index: number; misfit: Misfit }[] = [];
    const pieces: Uint8Array[] = [];
    let changed = bytes !== lines;
    let count = 0;
    let step = CAREFUL_STEP_BYTES;
    // Piece by piece, so that the list of rewrites stays small whatever the payload.
    for (let start = 0; start < bytes.length;) {
      if (start > 0) yield;
      const piece = pieceAt(bytes, start, step);
      start += piece.length;
      const seen = this.#lines(piece, options, true, (start, end, index) => {
        const found = this.#explain(piece.subarray(start, end), options, true);
        if (found === undefined) throw disagreement(count + index);
        misfits.push({ index: count + index, misfit: misfitOf(found) });
      });
      const kept = keepLines(piece, seen.rewrites, seen.dropped);
      changed ||= kept !== piece;
      pieces.push(kept);
      count += seen.count;
      step = nextStep(seen);
    }
    return { lines: changed ? Buffer.concat(pieces) : lines, count: count - misfits.length, refused: misfits };
  }

  /** Why the walkers refused the line; undefined when nothing is wrong with it, which must not be. */
  #explain(line: Uint8Array, options: CheckOptions, canonical: boolean): Mismatch | undefined {
    const found = readRecord(this.#schema, line, options.ignoreUnknownFields, canonical ? this.#stored : this.#asked);
    if (found.kind === 'refused') return found;
    // The one reason that lies in how the record will be written, not in what it says.
    const cursor = new Cursor(endedByNewline(line), options.ignoreUnknownFields);
    return this.#walk(cursor, skipSpace(cursor.bytes, 0)) >= 0 && this.#growsTooLong(cursor, 0, 0, line.length)
      ? refused('too_long', 'written as the table takes them, its numbers make the record too long')
      : undefined;
  }

  #growsTooLong(cursor: Cursor, firstRewrite: number, start: number, end: number): boolean {
    const limit = 2 * this.#stored.maxRecordBytes;
    return (
      (end - start) * MOST_GROWTH >= limit && end - start + growth(cursor.bytes, cursor.rewrites, firstRewrite) >= limit
    );
  }

  /** Walks every line; `onRefused` hears of lines that are no records, with the index of the record and its line number, and whether
   * it was given up for its many slow values. */
  #lines(
    bytes: Uint8Array,
    options: CheckOptions,
    canonical: boolean,
    onRefused: (start: number, end: number, index: number, line: number, tooSlow: boolean) => void,
  ): LinesSeen {
    const cursor = new Cursor(bytes, options.ignoreUnknownFields);
    const { rewrites } = cursor;
    const wholeIsUtf8 = isUtf8(bytes);
    const { maxRecordBytes, admittedTextBytes } = canonical ? this.#stored : this.#asked;
    if (admittedTextBytes !== undefined) cursor.maxTextBytes = admittedTextBytes;
    const mostSlow = canonical ? Number.MAX_SAFE_INTEGER : MAX_SLOW_VALUES;
    let slowValues = 0;
    const walk = this.#walk;
    const dropped: number[] = [];
    let refusedCount = 0;
    let rewritten = false;
    let count = 0;
    let line = 0;
    for (let start = 0; start < bytes.length;) {
      line += 1;
      const first = skipSpace(bytes, start);
      if (bytes[first] === NEWLINE) {
        drop(dropped, start, first + 1);
        start = first + 1;
        continue;
      }
      const noted = rewrites.length;
      let end = -1;
      cursor.slowLeft = mostSlow;
      if (bytes.length - start > maxRecordBytes && cursor.lineEnd(first) - start > maxRecordBytes) end = -1;
      else if (wholeIsUtf8 || isUtf8(bytes.subarray(start, cursor.lineEnd(first)))) end = walk(cursor, first);
      slowValues += mostSlow - cursor.slowLeft;
      if (end >= 0) end = skipSpace(bytes, end);
      let good = end >= 0 && bytes[end] === NEWLINE && end - start <= maxRecordBytes;
      if (good && rewrites.length > noted) good = !this.#growsTooLong(cursor, noted, start, end);
      if (!good) {
        end = cursor.lineEnd(first);
        drop(dropped, start, end + 1);
        refusedCount += 1;
        onRefused(start, end, count, line, cursor.slowLeft < 0);
      }
      if (rewrites.length > noted) {
        if (good) rewritten = true;
        if (!good || !canonical) rewrites.length = noted;
      }
      count += 1;
      start = end + 1;
    }
    return { count, lines: line, refused: refusedCount, dropped, rewrites, rewritten, slowValues };
  }
}

const TOO_SLOW = refused(
  'too_long',
  `more than ${MAX_SLOW_VALUES} of its values are in a spelling that is slow to read, such as decimals with an exponent`,
);

/** A token of `1e9` and its comma may become 41 digits, a point, a sign and quotes. */
const MOST_GROWTH = 12;

/** The answer of work in steps, without a pause between them. */
function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Whole lines from `start` on, about `step` bytes. */
function pieceAt(bytes: Uint8Array, start: number, step: number): Uint8Array {
  const target = start + step;
  return bytes.subarray(start, target >= bytes.length ? bytes.length : bytes.indexOf(NEWLINE, target) + 1);
}

/** Values that the slow path reads cost some hundred times their bytes. */
const nextStep = ({ slowValues, rewrites }: LinesSeen): number =>
  slowValues + rewrites.length > MAX_SLOW_VALUES / 4 ? CAREFUL_STEP_BYTES : STEP_BYTES;

/** The end of the text in `[start, end)` without the white space behind it. */
function spaceBefore(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && [0x20, 0x09, 0x0d].includes(bytes[at - 1] as number)) at -= 1;
  return at;
}

/** Neighbouring pieces become one. */
function drop(dropped: number[], start: number, end: number): void {
  if (dropped.at(-1) === start) dropped[dropped.length - 1] = end;
  else dropped.push(start, end);
}

/** A whole body, walked. Pairs of start and end in `dropped`: blank and refused lines. */
interface JudgedBody {
  readonly kind: 'judged';
  readonly bytes: Uint8Array;
  readonly dropped: readonly number[];
  readonly count: number;
  readonly refused: number;
  readonly rewritten: boolean;
}

interface LinesSeen {
  /** Records, refused ones included. */
  readonly count: number;
  /** Blank ones included. */
  readonly lines: number;
  readonly refused: number;
  /** Pairs of start and end: blank and refused lines. */
  readonly dropped: readonly number[];
  readonly rewrites: readonly Rewrite[];
  /** Whether a record that was not refused needs a rewrite, kept or not. */
  readonly rewritten: boolean;
  /** Values that took the slow path. */
  readonly slowValues: number;
}

const disagreement = (index: number): SluiceError =>
  new SluiceError('internal', `the byte walker and the slow path disagree on record ${index + 1}`, {
    remedy: 'report the record and the schema; nothing of the request was written',
  });

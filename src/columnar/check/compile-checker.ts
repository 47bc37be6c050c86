/**
 * The record checker: byte walkers decide, the slow path explains, rewrites make lines canonical. Owns the loop over lines and the
 * assembly of what comes out. Does not know what a type takes (`compile-walk.ts`, `read-value.ts`, docs/types.md).
 */
import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../../core/errors.ts';
import type { BodyFormat, CheckOutcome, RecordChecker, Refusal } from '../../contracts/record-checker.ts';
import type { Schema } from '../../record/types.ts';
import { bodyLines } from './body-lines.ts';
import { compileRecord } from './compile-walk.ts';
import type { Rewrite, Walk } from './cursor.ts';
import { Cursor, NEWLINE, skipSpace } from './cursor.ts';
import { readRecord, refusalOf } from './explain.ts';
import { keepLines } from './keep-lines.ts';
import type { CheckLimits } from './limits.ts';
import { defaultCheckLimits } from './limits.ts';

type CheckOptions = Parameters<RecordChecker['check']>[2];

const MAX_LISTED = 100;

/** Compiled once a schema; the checker keeps no record. */
export function compileChecker(schema: Schema, limits: CheckLimits = defaultCheckLimits): RecordChecker {
  return new CompiledChecker(schema, limits);
}

class CompiledChecker implements RecordChecker {
  readonly #schema: Schema;
  readonly #limits: CheckLimits;
  readonly #walk: Walk;

  constructor(schema: Schema, limits: CheckLimits) {
    this.#schema = schema;
    this.#limits = limits;
    this.#walk = compileRecord(schema.fields, limits.maxDepth);
  }

  check(body: Uint8Array, format: BodyFormat, options: CheckOptions): CheckOutcome {
    const split = bodyLines(body, format);
    if (split.kind === 'fault') {
      const { record, line, detail } = split;
      return {
        kind: 'refused',
        count: record,
        total: 1,
        refusals: [{ record, line, pointer: '', code: 'invalid_json', detail }],
      };
    }
    const { bytes, lineNumbers } = split;
    const refusals: Refusal[] = [];
    const seen = this.#lines(bytes, options, (start, end, index, line) => {
      if (refusals.length === MAX_LISTED) return;
      const found = readRecord(this.#schema, bytes.subarray(start, end), options.ignoreUnknownFields, this.#limits);
      if (found.kind === 'value') throw disagreement(index);
      refusals.push(refusalOf(found, index + 1, lineNumbers?.[index] ?? line));
    });
    const total = seen.dropped.length / 2 - seen.blank;
    if (total > 0) return { kind: 'refused', count: seen.count, total, refusals };
    const lines = keepLines(bytes, [], seen.dropped);
    return { kind: 'accepted', lines, count: seen.count, canonical: seen.rewrites.length === 0 };
  }

  canonical(lines: Uint8Array, options: CheckOptions): ReturnType<RecordChecker['canonical']> {
    const { bytes } = bodyLines(lines, 'ndjson') as { bytes: Uint8Array };
    const refused: { index: number; cause: string }[] = [];
    const seen = this.#lines(bytes, options, (start, end, index) => {
      const found = readRecord(this.#schema, bytes.subarray(start, end), options.ignoreUnknownFields, this.#limits);
      if (found.kind === 'value') throw disagreement(index);
      refused.push({ index, cause: `${found.code} at "${found.pointer}": ${found.detail}` });
    });
    return { lines: keepLines(bytes, seen.rewrites, seen.dropped), count: seen.count - refused.length, refused };
  }

  /** Walks every line; `onRefused` hears of lines that are no records, with the index of the record and its line number. */
  #lines(
    bytes: Uint8Array,
    options: CheckOptions,
    onRefused: (start: number, end: number, index: number, line: number) => void,
  ): LinesSeen {
    const cursor = new Cursor(bytes, options.ignoreUnknownFields);
    const wholeIsUtf8 = isUtf8(bytes);
    const { maxRecordBytes } = this.#limits;
    const walk = this.#walk;
    const dropped: number[] = [];
    let blank = 0;
    let count = 0;
    let line = 0;
    for (let start = 0; start < bytes.length;) {
      line += 1;
      const first = skipSpace(bytes, start);
      if (bytes[first] === NEWLINE) {
        dropped.push(start, first + 1);
        blank += 1;
        start = first + 1;
        continue;
      }
      const noted = cursor.rewrites.length;
      let end = -1;
      if (wholeIsUtf8 || isUtf8(bytes.subarray(start, cursor.lineEnd(first)))) end = walk(cursor, first);
      if (end >= 0) end = skipSpace(bytes, end);
      if (end < 0 || bytes[end] !== NEWLINE || end - start > maxRecordBytes) {
        end = cursor.lineEnd(first);
        cursor.rewrites.length = noted;
        dropped.push(start, end + 1);
        onRefused(start, end, count, line);
      }
      count += 1;
      start = end + 1;
    }
    return { count, blank, dropped, rewrites: cursor.rewrites };
  }
}

interface LinesSeen {
  /** Records, refused ones included. */
  readonly count: number;
  readonly blank: number;
  /** Pairs of start and end: blank and refused lines. */
  readonly dropped: readonly number[];
  readonly rewrites: readonly Rewrite[];
}

const disagreement = (index: number): SluiceError =>
  new SluiceError('internal', `the byte walker and the slow path disagree on record ${index + 1}`, {
    remedy: 'report the record and the schema; nothing of the request was written',
  });

/**
 * Decides whether the records of a request fit a schema, before anything is acknowledged (protocol §3).
 * Pure and synchronous: same bytes, same schema, same options → same answer, for ever.
 */

export type RefusalCode =
  | 'invalid_json'
  | 'invalid_utf8'
  | 'not_an_object'
  | 'duplicate_key'
  | 'unknown_field'
  | 'missing_field'
  | 'null_not_allowed'
  | 'type_mismatch'
  | 'out_of_range'
  | 'too_precise'
  | 'invalid_format'
  | 'too_deep'
  | 'too_long';

/** One refused record, as RFC 9457 `errors[]` shows it. */
export interface Refusal {
  /** 1-based number of the record in the request. */
  readonly record: number;
  /** 1-based line of the body where the record starts. */
  readonly line: number;
  /** JSON pointer into the record; empty for the record itself. */
  readonly pointer: string;
  readonly code: RefusalCode;
  readonly expected?: string;
  readonly got?: string;
  readonly detail: string;
}

export type BodyFormat = 'ndjson' | 'json';

export type CheckOutcome =
  /**
   * `lines`: NDJSON as it goes to the log: `count` lines each ended by `\n`.
   * `canonical`: true when `canonical(lines)` under the same schema and options would return the same bytes, so it can be skipped.
   */
  | { readonly kind: 'accepted'; readonly lines: Uint8Array; readonly count: number; readonly canonical?: boolean }
  /** Nothing may be written. At most 100 refusals are listed; `total` counts refused records. */
  | { readonly kind: 'refused'; readonly count: number; readonly total: number; readonly refusals: readonly Refusal[] };

export type DivideOutcome =
  /** What fits, as `check` would have accepted it alone: `lines`, `count` and `canonical` mean the same. `refused` records were handed out. */
  | {
      readonly kind: 'divided';
      readonly lines: Uint8Array;
      readonly count: number;
      readonly refused: number;
      readonly canonical: boolean;
    }
  /** No records can be told apart: the body is no JSON array. */
  | Extract<CheckOutcome, { kind: 'refused' }>;

/** Why a line is no record of the schema. */
export type Misfit = Omit<Refusal, 'record' | 'line'>;

/** `refused`: positions within the payload, 0-based. */
export interface CanonicalLines {
  readonly lines: Uint8Array;
  readonly count: number;
  readonly refused: readonly { readonly index: number; readonly misfit: Misfit }[];
}

export interface RecordChecker {
  /** A whole request body. `json` is one object or an array of objects. An empty body is accepted with count 0. */
  check(body: Uint8Array, format: BodyFormat, options: { readonly ignoreUnknownFields: boolean }): CheckOutcome;

  /**
   * Checked lines (of this schema or an older one) as the column engine decodes them: one canonical NDJSON line a record, in which
   * every value has a spelling the engine reads exactly. Unknown fields that are to be ignored may stay: the engine does not look at them.
   * Lines already in that form are passed through without copying.
   */
  canonical(lines: Uint8Array, options: { readonly ignoreUnknownFields: boolean }): CanonicalLines;

  /**
   * The same answer as `check`, but pausing after every few milliseconds of work, so that a large body does not hold up what else the
   * process does. The bytes must not change meanwhile. Bodies up to about a mebibyte take a single step.
   */
  checkInSteps(
    body: Uint8Array,
    format: BodyFormat,
    options: { readonly ignoreUnknownFields: boolean },
  ): Generator<void, CheckOutcome>;

  /**
   * Parts what fits from what does not, pausing like `checkInSteps`. `onRefused` hears of every refused record in order; `original` is a
   * view of its bytes as received, without the white space around them.
   */
  divideInSteps(
    body: Uint8Array,
    format: BodyFormat,
    options: { readonly ignoreUnknownFields: boolean },
    onRefused: (refusal: Refusal, original: Uint8Array) => void,
  ): Generator<void, DivideOutcome>;

  /** The same answer as `canonical`, pausing like `checkInSteps`. */
  canonicalInSteps(
    lines: Uint8Array,
    options: { readonly ignoreUnknownFields: boolean },
  ): Generator<void, CanonicalLines>;
}

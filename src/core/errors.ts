/** The one error class, its closed kinds and what each asks of the caller. Expected outcomes are values, not errors. */

export type ErrorKind =
  /** The request or file is wrong; sending it again will not help. */
  | 'invalid-input'
  /** Configuration or environment is wrong; an operator mends it. */
  | 'misconfigured'
  /** The named thing is not there. */
  | 'not-found'
  /** A byte budget is full; try again later. */
  | 'overloaded'
  /** A store, catalog or disk did not answer or refused for now. */
  | 'unavailable'
  /** Stored bytes contradict their own checksum or format. */
  | 'corrupt'
  /** What is asked is not supported by this build or format. */
  | 'unsupported'
  /** The process is stopping, or the operation was cancelled. */
  | 'closed'
  /** A newer generation owns this. */
  | 'fenced'
  /** A promise of our own code was broken. */
  | 'internal';

export type Disposition = 'retry' | 'reject' | 'operator' | 'stop';

/** What the catcher does. Unknown errors are `operator`: never retried blindly. */
export function disposition(kind: ErrorKind): Disposition {
  switch (kind) {
    case 'overloaded':
    case 'unavailable':
      return 'retry';
    case 'invalid-input':
    case 'not-found':
    case 'unsupported':
      return 'reject';
    case 'misconfigured':
    case 'corrupt':
    case 'internal':
      return 'operator';
    case 'closed':
    case 'fenced':
      return 'stop';
  }
}

export type ErrorContext = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** `message` says what happened; `context` holds facts; `remedy` says what to try and is shown to people. */
export class SluiceError extends Error {
  readonly kind: ErrorKind;
  readonly context: ErrorContext;
  readonly remedy: string | undefined;

  constructor(
    kind: ErrorKind,
    message: string,
    options: { readonly context?: ErrorContext; readonly remedy?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SluiceError';
    this.kind = kind;
    this.context = options.context ?? {};
    this.remedy = options.remedy;
  }
}

export const isSluiceError = (error: unknown, kind?: ErrorKind): error is SluiceError =>
  error instanceof SluiceError && (kind === undefined || error.kind === kind);

/** The text of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Closes a switch over a union; reached only when a promise of our own code is broken. */
export function assertNever(value: never): never {
  throw new SluiceError('internal', `unexpected value ${String(value)}`);
}

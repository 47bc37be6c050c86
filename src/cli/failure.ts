/** Failures as the shell sees them: one message, what to try, and an exit code that scripts can act on. */
import { SluiceError, messageOf } from '../core/errors.ts';

/** 0 ok · 1 failure · 2 usage · 75 try again later (EX_TEMPFAIL) · 78 configuration (EX_CONFIG) */
export type ExitCode = 0 | 1 | 2 | 75 | 78;

export class CliFailure extends Error {
  readonly exitCode: ExitCode;
  readonly remedy: string;

  constructor(exitCode: ExitCode, message: string, remedy: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'CliFailure';
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

export function toFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof SluiceError) {
    const facts = Object.entries(error.context).flatMap(([key, value]) =>
      value === undefined ? [] : `${key}=${value}`,
    );
    const message =
      error.kind === 'misconfigured' || facts.length === 0 ? error.message : `${error.message} (${facts.join(', ')})`;
    return new CliFailure(CODES[error.kind], message, error.remedy ?? REMEDIES[error.kind], { cause: error });
  }
  return new CliFailure(1, messageOf(error), 'report this with the output of `sluice --version`', { cause: error });
}

const CODES: Readonly<Record<SluiceError['kind'], ExitCode>> = {
  'invalid-input': 1,
  misconfigured: 78,
  'not-found': 1,
  overloaded: 75,
  unavailable: 75,
  corrupt: 1,
  unsupported: 1,
  closed: 75,
  fenced: 1,
  internal: 1,
};

const REMEDIES: Readonly<Record<SluiceError['kind'], string>> = {
  'invalid-input': 'mend the input and run it again',
  misconfigured: 'sluice validate',
  'not-found': '`sluice tables` lists what is there',
  overloaded: 'run it again in a moment',
  unavailable: 'run it again in a moment; `sluice validate` tries each part',
  corrupt: 'restore the file named above; do not delete it',
  unsupported: 'leave that part out',
  closed: 'run it again when the service is up',
  fenced: 'another daemon owns this pipeline; stop one of them',
  internal: 'report this with the output of `sluice --version`',
};

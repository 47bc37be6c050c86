/** Why a table takes no records now, as problems. */
import type { AppendAnswer } from '../contracts/service-ports.ts';
import { ProblemError } from './problems.ts';

/** A log that does not accept is starting, draining or broken: not a matter of milliseconds. */
export const NOT_ACCEPTING_RETRY_MS = 5_000;
const STOPPED_RETRY_MS = 30_000;

export function refusal(
  answer: Extract<AppendAnswer, { kind: 'no-such-table' | 'overloaded' | 'not-accepting' | 'table-stopped' }>,
  table: string,
): ProblemError {
  switch (answer.kind) {
    case 'no-such-table':
      return new ProblemError('no-such-table', `table "${table}" does not exist; create it with POST /api/v1/tables`, {
        extras: { table },
      });
    case 'overloaded':
      return new ProblemError('overloaded', `the byte budget of the ${answer.scope} is full; send again later`, {
        extras: { scope: answer.scope },
        retryAfterMs: answer.retryAfterMs,
      });
    case 'not-accepting':
      return new ProblemError('not-accepting', answer.reason, { retryAfterMs: NOT_ACCEPTING_RETRY_MS });
    case 'table-stopped':
      return new ProblemError('table-stopped', answer.reason, {
        extras: { table, try: answer.remedy },
        retryAfterMs: STOPPED_RETRY_MS,
      });
  }
}

/**
 * Facts as they may leave the process: 64-bit numbers as text, errors as named members only, secrets never. Owns what is shown of a
 * value by its type; a `Secret` hides itself wherever it is printed.
 */
import { SluiceError } from '../../core/errors.ts';

const MAX_CAUSES = 5;

/** Members that pino may print. */
export const printable = (facts: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, printableValue(value)]));

function printableValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return errorFacts(value, MAX_CAUSES);
  if (Array.isArray(value)) return value.map(printableValue);
  return isPlain(value) ? printable(value) : value;
}

/** What has a class of its own decides itself how it is printed. */
const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Nothing but these: errors of libraries carry requests, headers and credentials with them. */
function errorFacts(error: Error, causes: number): object {
  const { code } = error as { readonly code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(error instanceof SluiceError
      ? { kind: error.kind, remedy: error.remedy, context: printable(error.context) }
      : {}),
    ...(typeof code === 'string' ? { code } : {}),
    stack: error.stack,
    ...(error.cause instanceof Error && causes > 0 ? { cause: errorFacts(error.cause, causes - 1) } : {}),
  };
}

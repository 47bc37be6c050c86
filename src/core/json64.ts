/**
 * JSON whose integers keep all 64 bits. Integers beyond ±(2^53-1) become `bigint`; smaller ones stay `number`.
 * `bigint` values print as bare integers. Every metadata file, log and REST body goes through here:
 * `JSON.parse` on them corrupts snapshot ids silently (checklist 0.1).
 */
import { SluiceError, messageOf } from './errors.ts';

export type Json64 = null | boolean | number | bigint | string | readonly Json64[] | { readonly [key: string]: Json64 };

interface SourceContext {
  readonly source?: string;
}

// The lib types lag behind the engine: JSON.rawJSON and the reviver's context are in Node 24.
const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: SourceContext) => unknown): unknown;
  rawJSON(text: string): unknown;
};

/** Throws kind `corrupt` on text that is not JSON; `what` names the thing read. */
export function parseJson64(text: string, what: string): Json64 {
  try {
    return json.parse(text, (_key, value, context) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
        ? BigInt(context.source as string)
        : value,
    ) as Json64;
  } catch (error) {
    throw new SluiceError('corrupt', `${what} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** Prints on one line, or indented by `indent` spaces. `undefined` members are left out. */
export const stringifyJson64 = (value: unknown, indent?: number): string =>
  JSON.stringify(
    value,
    (_key, member: unknown) => (typeof member === 'bigint' ? json.rawJSON(member.toString()) : member),
    indent,
  );

/** A 64-bit integer from either form; throws kind `corrupt` naming `what` otherwise. */
export function asLong(value: unknown, what: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw new SluiceError('corrupt', `${what} is not a 64-bit integer: ${String(value)}`);
}

/** The bytes of a dead letter as they are tried again. Pure. */
import type { BodyFormat, Misfit } from '../../contracts/record-checker.ts';
import { messageOf } from '../../core/errors.ts';
import { mergePatch, parseExact, printExact } from '../../core/exact-json.ts';

export type Patched =
  | { readonly kind: 'record'; readonly bytes: Uint8Array; readonly format: BodyFormat }
  /** It cannot be patched. */
  | { readonly kind: 'misfit'; readonly misfit: Misfit };

const OPEN_BRACE = 0x7b;

/** Without a patch the bytes are as they came. Throws `SyntaxError` for a patch that is not JSON. */
export function patched(original: Uint8Array, patch: string | undefined): Patched {
  // An object may run over several lines when it was an element of an array; anything else stays what it was on its line.
  if (patch === undefined)
    return { kind: 'record', bytes: original, format: original[0] === OPEN_BRACE ? 'json' : 'ndjson' };
  const change = parseExact(patch);
  try {
    const record = parseExact(new TextDecoder('utf-8', { fatal: true }).decode(original));
    return { kind: 'record', bytes: Buffer.from(printExact(mergePatch(record, change))), format: 'ndjson' };
  } catch (error) {
    const detail = `the record is not JSON, so it cannot be patched: ${messageOf(error)}`;
    return { kind: 'misfit', misfit: { pointer: '', code: 'invalid_json', detail } };
  }
}

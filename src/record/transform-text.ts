/** Partition transforms as people write them: `day(ts)`, `bucket(16, user_id)`, `country`. Owns the text form only. */
import type { Transform } from './partition-spec.ts';

/** Undefined when the text is not a column or a transform of one. A bare column is the identity. */
export function parseTransformCall(
  text: string,
): { readonly source: string; readonly transform: Transform } | undefined {
  const match = /^\s*([A-Za-z]+)\s*\(\s*(?:(\d{1,10})\s*,\s*)?([^(),]+?)\s*\)\s*$/.exec(text);
  if (match === null) {
    const source = text.trim();
    return source === '' || /[(),[\]]/.test(source) ? undefined : { source, transform: { kind: 'identity' } };
  }
  const [, word = '', digits, source = ''] = match;
  const kind = word.toLowerCase().replace(/s$/, '');
  const parameter = digits === undefined ? undefined : Number(digits);
  if (kind === 'bucket' || kind === 'truncate') {
    if (parameter === undefined || parameter < 1 || parameter > 0x7fff_ffff) return undefined;
    return { source, transform: kind === 'bucket' ? { kind, buckets: parameter } : { kind, width: parameter } };
  }
  if (parameter !== undefined) return undefined;
  switch (kind) {
    case 'identity':
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'void':
      return { source, transform: { kind } };
    default:
      return undefined;
  }
}

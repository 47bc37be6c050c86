/** Conditions and versions as S3's headers say them. */
import type { ETag, PutCondition } from '../contracts/object-store.ts';
import { SluiceError } from '../core/errors.ts';

export function conditionHeaders(condition: PutCondition): { IfNoneMatch?: string; IfMatch?: string } {
  switch (condition.kind) {
    case 'always':
      return {};
    case 'if-absent':
      return { IfNoneMatch: '*' };
    case 'if-match':
      return { IfMatch: condition.etag };
  }
}

/** Throws kind `misconfigured`: a server without ETags cannot carry conditional writes. */
export function etagIn(answer: { readonly ETag?: string | undefined }, key: string): ETag {
  if (answer.ETag === undefined || answer.ETag === '')
    throw new SluiceError('misconfigured', 'the store answered without an ETag', {
      context: { key },
      remedy: 'Use an S3 server with ETags and conditional writes.',
    });
  return answer.ETag as ETag;
}

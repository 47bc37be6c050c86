/**
 * One flat store of immutable-by-convention objects: S3, local files, memory. Promises are checked by one contract suite.
 * Keys are store-relative (`a/b/c`, no leading slash); turning URIs into keys is `store/uri.ts`.
 * Wrappers (retrying, metered, faulty) implement the same interface.
 */
import type { Brand } from '../core/ids.ts';

/** Opaque version of an object's bytes; equal bytes may have equal ETags. */
export type ETag = Brand<string, 'ETag'>;

export interface ObjectInfo {
  readonly key: string;
  readonly size: bigint;
  readonly etag: ETag;
  /** Milliseconds since 1970 by the store's own clock. */
  readonly modifiedAt: number;
}

export type PutCondition =
  | { readonly kind: 'always' }
  | { readonly kind: 'if-absent' }
  | { readonly kind: 'if-match'; readonly etag: ETag };

/** `lost-race`: the condition did not hold when the store decided; nothing was written. */
export type PutResult = { readonly kind: 'written'; readonly etag: ETag } | { readonly kind: 'lost-race' };

export interface ObjectStore {
  /** Undefined when absent. */
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;

  /** Whole object or `[start, end)` of it; undefined when absent. A range past the end is cut; `start` may be negative: the last bytes. */
  get(
    key: string,
    options?: { readonly range?: { readonly start: number; readonly end?: number }; readonly signal?: AbortSignal },
  ): Promise<{ readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined>;

  /**
   * Resolves after the object is durable and visible to every reader. Rejects with kind `unavailable` when the answer is unknown:
   * the object may or may not be there. Of racing `if-absent` or `if-match` puts at most one is `written`.
   */
  put(key: string, bytes: Uint8Array, condition: PutCondition, signal?: AbortSignal): Promise<PutResult>;

  /**
   * As `put`, from a local file of any size (multipart above the part size). Nothing is visible if it rejects before the last step. The object
   * may be the file itself under a second name: whoever made the file may remove it afterwards, and never change it.
   */
  upload(key: string, localPath: string, condition: PutCondition, signal?: AbortSignal): Promise<PutResult>;

  /** Path of the local file that is the object, or would be if there were one: to be read, or to be given a second name. Undefined where objects are no files. */
  fileOf(key: string): string | undefined;

  /** Every object under the prefix in ascending key order, paged inside. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo>;

  /** Absent keys count as deleted. Answers the keys that could not be deleted. */
  delete(
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly failed: readonly { readonly key: string; readonly cause: string }[] }>;
}

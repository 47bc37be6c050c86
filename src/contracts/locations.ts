/** From fully qualified URIs in metadata to a store and a key in it. Implemented once in assembly over `store/uri.ts`. */
import type { ObjectStore } from './object-store.ts';

export interface Locations {
  /** Throws kind `misconfigured` for a URI outside every configured store. Equal for s3, s3a, s3n and s3p. */
  resolve(uri: string): { readonly store: ObjectStore; readonly key: string };
}

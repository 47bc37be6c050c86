/** URIs of a test's one store. */
import type { Locations } from '../../../src/contracts/locations.ts';
import type { ObjectStore } from '../../../src/contracts/object-store.ts';

/** Every URI below `root` is in the store, under the key that follows it. */
export const oneStore = (root: string, store: ObjectStore): Locations => ({
  resolve(uri) {
    if (!uri.startsWith(`${root}/`)) throw new Error(`${uri} is not below ${root}`);
    return { store, key: uri.slice(root.length + 1) };
  },
});

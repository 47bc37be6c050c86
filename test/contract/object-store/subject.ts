/** What the parts of the suite share: the subject, a key space for each test, and bytes to write. */
import { afterAll, beforeAll } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../../src/contracts/object-store.ts';
import type { Subject } from '../object-store.ts';

export interface SubjectInUse<S extends Subject = Subject> {
  readonly store: ObjectStore;
  readonly subject: S;
  /** A prefix no other test uses, without a slash at its end. */
  space(): string;
}

export function useSubject<S extends Subject>(make: () => Promise<S>): SubjectInUse<S> {
  let made: S | undefined;
  let spaces = 0;
  beforeAll(async () => {
    made = await make();
  });
  afterAll(async () => {
    await made?.close();
  });
  const subject = (): S => {
    if (made === undefined) throw new Error('subject is not made yet');
    return made;
  };
  return {
    get store() {
      return subject().store;
    },
    get subject() {
      return subject();
    },
    space: () => `space-${++spaces}`,
  };
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export async function textAt(store: ObjectStore, key: string): Promise<string | undefined> {
  const found = await store.get(key);
  return found === undefined ? undefined : new TextDecoder().decode(found.bytes);
}

export async function keysUnder(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await infosUnder(store, prefix)).map((info) => info.key);
}

export async function infosUnder(store: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
  const infos: ObjectInfo[] = [];
  for await (const info of store.list(prefix)) infos.push(info);
  return infos;
}

/** Bytes that differ at every position, so that parts in a wrong order or place are seen. */
export function pattern(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed | 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

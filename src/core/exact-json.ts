/** JSON whose numbers keep every digit they were written with, and merge patches on it (RFC 7396). Owns no meaning of what it holds. */

/** Opaque but for objects: numbers are their text. */
export type ExactJson = unknown;

// The lib types lag behind the engine: JSON.rawJSON and the reviver's context are in Node 24.
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** Throws `SyntaxError` for text that is not JSON. Of a key that stands twice the last one counts. */
export const parseExact = (text: string): ExactJson =>
  json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? json.rawJSON(source) : value,
  );

/** On one line. */
export const printExact = (value: ExactJson): string => JSON.stringify(value);

export const isExactObject = (value: ExactJson): value is Readonly<Record<string, ExactJson>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);

/** RFC 7396: members of the patch take the place of the target's, null takes them away; anything but an object replaces the whole. */
export function mergePatch(target: ExactJson, patch: ExactJson): ExactJson {
  if (!isExactObject(patch)) return patch;
  const members = new Map(isExactObject(target) ? Object.entries(target) : []);
  for (const [key, change] of Object.entries(patch))
    if (change === null) members.delete(key);
    else members.set(key, mergePatch(members.get(key), change));
  return Object.fromEntries(members);
}

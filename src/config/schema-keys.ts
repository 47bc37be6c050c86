/** Which keys the configuration schema knows at a path: for did-you-mean. */
import * as z from 'zod';
import type { Path } from './positions.ts';
import { fileSchema } from './schema.ts';

/** Empty when the path does not lead to a map of fixed keys. */
export function knownKeys(path: Path): readonly string[] {
  let schema: unknown = fileSchema;
  for (const step of path) {
    const at = unwrapped(schema);
    if (at instanceof z.ZodObject) schema = at.shape[String(step)];
    else if (at instanceof z.ZodArray) schema = at.element;
    else return [];
  }
  const end = unwrapped(schema);
  return end instanceof z.ZodObject ? Object.keys(end.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  let at = schema;
  while (at instanceof z.ZodPrefault || at instanceof z.ZodOptional) at = at.unwrap();
  return at;
}

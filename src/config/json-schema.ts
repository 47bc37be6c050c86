/** The configuration file as JSON Schema (draft 2020-12), for editors and other tools. Owns the export, not the schema. */
import * as z from 'zod';
import { TYPE_DEFINITION, fileSchema } from './schema.ts';

/** Interpolation is text, so `${…}` is allowed wherever a scalar of another shape is. */
const INTERPOLATED = { type: 'string', pattern: '\\$\\{' };

export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-2020-12' });
  return {
    $schema: schema.$schema,
    title: 'Sluice configuration',
    ...(withInterpolation(schema) as Record<string, unknown>),
    $defs: { type: TYPE_DEFINITION },
  };
}

/** Scalars with a pattern, an enumeration or another type than text also take an interpolation; descriptions stay outside. */
function withInterpolation(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withInterpolation);
  if (typeof node !== 'object' || node === null) return node;
  const members = node as Readonly<Record<string, unknown>>;
  const { description, default: fallback, ...shape } = members;
  const types = [members['type']].flat();
  const scalar = types.every((type) => ['string', 'integer', 'number', 'boolean'].includes(String(type)));
  if (
    scalar &&
    types.length > 0 &&
    (members['pattern'] ?? members['enum'] ?? (types[0] === 'string' ? undefined : types)) !== undefined
  )
    return {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: fallback }),
      anyOf: [shape, INTERPOLATED],
    };
  // What the file may read is not itself read from outside.
  return Object.fromEntries(
    Object.entries(members).map(([key, value]) => [key, key === 'allow_env' ? value : withInterpolation(value)]),
  );
}

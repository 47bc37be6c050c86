/** From a schema to the walker of its records: one closure a type, built once. */
import { assertNever } from '../../core/errors.ts';
import type { Field, Type } from '../../record/types.ts';
import { canonicalText } from './canonical-text.ts';
import type { Walk } from './cursor.ts';
import { REFUSED, skipString, QUOTE } from './cursor.ts';
import { limitedText } from './long-text.ts';
import { leafWalker } from './walk-leaf.ts';
import { listWalker, objectMapWalker } from './walk-nested.ts';
import {
  decimalWalker,
  floatWalker,
  integerWalker,
  isCanonicalDecimal,
  isCanonicalDouble,
  isCanonicalFloat,
  walkBoolean,
} from './walk-number.ts';
import { structWalker } from './walk-struct.ts';
import { base64Walker, dateWalker, timestampWalker, timeWalker, uuidWalker } from './walk-text.ts';

const refuse: Walk = () => REFUSED;

/** A record is an object of these fields. */
export const compileRecord = (fields: readonly Field[], maxDepth: number): Walk => compileStruct(fields, 0, maxDepth);

const compileStruct = (fields: readonly Field[], depth: number, maxDepth: number): Walk =>
  structWalker(
    fields,
    fields.map((field) => compile(field.type, depth + 1, maxDepth)),
    depth + 1,
    maxDepth,
  );

/** `depth` counts the objects and arrays around the value. */
function compile(type: Type, depth: number, maxDepth: number): Walk {
  switch (type.kind) {
    case 'boolean':
      return walkBoolean;
    case 'int':
      return integerWalker(32);
    case 'long':
      return integerWalker(64);
    case 'float':
      return floatWalker(32, leafWalker(type, depth, maxDepth, isCanonicalFloat));
    case 'double':
      return floatWalker(64, leafWalker(type, depth, maxDepth, isCanonicalDouble));
    case 'decimal':
      return decimalWalker(type, leafWalker(type, depth, maxDepth, isCanonicalDecimal));
    case 'string':
      return limitedText((cursor, at) => (cursor.bytes[at] === QUOTE ? skipString(cursor, at + 1) : REFUSED));
    case 'date':
      return dateWalker(leafWalker(type, depth, maxDepth));
    case 'time':
      return timeWalker(leafWalker(type, depth, maxDepth));
    case 'timestamp':
      return timestampWalker(false, leafWalker(type, depth, maxDepth));
    case 'timestamptz':
      return timestampWalker(true, leafWalker(type, depth, maxDepth, hasSeconds));
    case 'uuid':
      return uuidWalker(leafWalker(type, depth, maxDepth));
    case 'binary':
      return limitedText(base64Walker(undefined, leafWalker(type, depth, maxDepth)));
    case 'fixed':
      return base64Walker(type.length, leafWalker(type, depth, maxDepth));
    case 'struct':
      return compileStruct(type.fields, depth, maxDepth);
    case 'list':
      return depth < maxDepth ? listWalker(compile(type.element, depth + 1, maxDepth), type.elementRequired) : refuse;
    case 'map':
      if (type.key.kind !== 'string')
        return leafWalker(type, depth, maxDepth, (token, value) => token === canonicalText(type, value));
      return depth < maxDepth ? objectMapWalker(compile(type.value, depth + 1, maxDepth), type.valueRequired) : refuse;
    default:
      return assertNever(type);
  }
}

/** DuckDB wants seconds before a zone. */
const hasSeconds = (token: string): boolean => /:[0-9]{2}:[0-9]{2}/.test(token);

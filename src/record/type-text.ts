/**
 * Types as people and clients write them: the specification's names (`decimal(9,2)`, `fixed[16]`), its JSON for nested types
 * (`{type: list, element: string}`) and one-line forms (`list<string>`, `map<string, long>`, `struct<a: int, b: string>`).
 * Owns the input forms; ids are not read (a new table assigns its own) and come out as 0. The metadata JSON form is in `schema-json.ts`.
 */
import { PLAIN_TYPES, type Field, type PrimitiveType, type Type } from './types.ts';

/** What is wrong with an input and where: `path` leads into the value that was given. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The key that `path` ends with is wrong, not its value. */
  readonly at?: 'key';
}

type Path = readonly (string | number)[];

const TYPES_IN_WORDS = `${PLAIN_TYPES.join(', ')}, decimal(p,s), fixed[n], list<…>, map<…, …> or struct<name: type, …>`;
const MAX_DEPTH = 32;

/** Every input is either a type or at least one problem; the type is then a placeholder that must not be used. */
export function parseType(value: unknown, path: Path, problems: Problem[], depth = 0): Type {
  const refuse = (message: string, at: Path = path): Type => {
    problems.push({ path: at, message });
    return { kind: 'string' };
  };
  if (depth > MAX_DEPTH) return refuse(`types may be nested at most ${MAX_DEPTH} levels deep`);
  if (typeof value === 'string') {
    const parsed = new TextParser(value).whole();
    return parsed.kind === 'type' ? parsed.type : refuse(parsed.message);
  }
  if (!isRecord(value)) return refuse(`expected a type: ${TYPES_IN_WORDS}`);
  const flag = (key: string): boolean => {
    const given = value[key];
    if (given !== undefined && typeof given !== 'boolean') refuse('expected true or false', [...path, key]);
    return given === true;
  };
  switch (value['type']) {
    case 'list':
      refuseUnknownKeys(value, ['type', 'element', 'element-id', 'element-required'], path, problems);
      return {
        kind: 'list',
        elementId: 0,
        element: parseType(value['element'], [...path, 'element'], problems, depth + 1),
        elementRequired: flag('element-required'),
      };
    case 'map':
      refuseUnknownKeys(value, ['type', 'key', 'key-id', 'value', 'value-id', 'value-required'], path, problems);
      return {
        kind: 'map',
        keyId: 0,
        key: parseType(value['key'], [...path, 'key'], problems, depth + 1),
        valueId: 0,
        value: parseType(value['value'], [...path, 'value'], problems, depth + 1),
        valueRequired: flag('value-required'),
      };
    case 'struct':
      refuseUnknownKeys(value, ['type', 'fields'], path, problems);
      return { kind: 'struct', fields: parseFields(value['fields'], [...path, 'fields'], problems, depth + 1) };
    default:
      return refuse('a nested type is {type: list | map | struct, …}', [...path, 'type']);
  }
}

/** A list of `{name, type, required?, doc?}`. */
export function parseFields(value: unknown, path: Path, problems: Problem[], depth = 0): Field[] {
  if (!Array.isArray(value) || value.length === 0) {
    problems.push({ path, message: 'expected a list of at least one {name, type, required?, doc?}' });
    return [];
  }
  return value.map((item: unknown, index): Field => {
    const at = [...path, index];
    if (!isRecord(item)) {
      problems.push({ path: at, message: 'expected {name, type, required?, doc?}' });
      return { id: 0, name: '', type: { kind: 'string' }, required: false };
    }
    refuseUnknownKeys(item, ['id', 'name', 'type', 'required', 'doc'], at, problems);
    const { name, required, doc } = item;
    if (typeof name !== 'string' || name === '') problems.push({ path: [...at, 'name'], message: 'expected a name' });
    if (required !== undefined && typeof required !== 'boolean')
      problems.push({ path: [...at, 'required'], message: 'expected true or false' });
    if (doc !== undefined && typeof doc !== 'string')
      problems.push({ path: [...at, 'doc'], message: 'expected a text' });
    return {
      id: 0,
      name: typeof name === 'string' ? name : '',
      type: parseType(item['type'], [...at, 'type'], problems, depth),
      required: required === true,
      ...(typeof doc === 'string' ? { doc } : {}),
    };
  });
}

export function refuseUnknownKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: Path,
  problems: Problem[],
): void {
  for (const key of Object.keys(value))
    if (!known.includes(key))
      problems.push({ path: [...path, key], at: 'key', message: `unknown key; expected one of ${known.join(', ')}` });
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type TextOutcome =
  | { readonly kind: 'type'; readonly type: Type }
  | { readonly kind: 'refused'; readonly message: string };

/** Recursive descent over one line of text. Nested members are optional in this form. */
class TextParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): TextOutcome {
    try {
      const type = this.#type(0);
      if (this.#rest().trim() !== '') throw new TypeTextError(`unexpected "${this.#rest().trim()}" after the type`);
      return { kind: 'type', type };
    } catch (error) {
      if (error instanceof TypeTextError) return { kind: 'refused', message: error.message };
      throw error;
    }
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  /** Takes what matches at this place, spaces around it left out. */
  #take(pattern: RegExp): RegExpExecArray | undefined {
    const match = new RegExp(`^\\s*(?:${pattern.source})\\s*`).exec(this.#rest());
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #expect(pattern: RegExp, what: string): RegExpExecArray {
    const match = this.#take(pattern);
    if (match === undefined) throw new TypeTextError(`expected ${what} in "${this.#text}"`);
    return match;
  }

  #type(depth: number): Type {
    if (depth > MAX_DEPTH) throw new TypeTextError(`types may be nested at most ${MAX_DEPTH} levels deep`);
    const word = this.#take(/([a-z]+)/)?.[1] ?? '';
    if (word === 'decimal') return this.#decimal();
    if (word === 'fixed') return this.#fixed();
    if (word === 'list') {
      this.#expect(/</, '"<"');
      const element = this.#type(depth + 1);
      this.#expect(/>/, '">"');
      return { kind: 'list', elementId: 0, element, elementRequired: false };
    }
    if (word === 'map') {
      this.#expect(/</, '"<"');
      const key = this.#type(depth + 1);
      this.#expect(/,/, '","');
      const value = this.#type(depth + 1);
      this.#expect(/>/, '">"');
      return { kind: 'map', keyId: 0, key, valueId: 0, value, valueRequired: false };
    }
    if (word === 'struct') return this.#struct(depth);
    const simple = PLAIN_TYPES.find((name) => name === word);
    if (simple === undefined) throw new TypeTextError(`"${this.#text}" is not a type; expected ${TYPES_IN_WORDS}`);
    return { kind: simple };
  }

  #decimal(): PrimitiveType {
    const match = this.#expect(/\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)/, 'decimal(precision, scale)');
    const [precision, scale] = [Number(match[1]), Number(match[2])];
    if (precision < 1 || precision > 38) throw new TypeTextError('a decimal has a precision of 1 to 38');
    if (scale > precision) throw new TypeTextError('the scale of a decimal is at most its precision');
    return { kind: 'decimal', precision, scale };
  }

  #fixed(): PrimitiveType {
    const match = this.#expect(/\[\s*(\d{1,9})\s*\]|\(\s*(\d{1,9})\s*\)/, 'fixed[length]');
    const length = Number(match[1] ?? match[2]);
    if (length < 1) throw new TypeTextError('a fixed has a length of at least 1');
    return { kind: 'fixed', length };
  }

  #struct(depth: number): Type {
    this.#expect(/</, '"<"');
    const fields: Field[] = [];
    do {
      const name = this.#expect(/([A-Za-z_][\w-]*)\s*:/, '"name: type"')[1] ?? '';
      fields.push({ id: 0, name, type: this.#type(depth + 1), required: false });
    } while (this.#take(/,/) !== undefined);
    this.#expect(/>/, '">"');
    return { kind: 'struct', fields };
  }
}

class TypeTextError extends Error {}

/**
 * A strict JSON parser for the slow path: RFC 8259 and nothing more, with the place and reason of the first fault.
 * Simple before fast. Knows no schema.
 */
import type { RefusalCode } from '../../contracts/record-checker.ts';
import type { JsonNode } from './json-node.ts';
import { pointerStep } from './json-node.ts';

export interface JsonFault {
  readonly kind: 'fault';
  readonly code: RefusalCode;
  readonly pointer: string;
  readonly detail: string;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// Control characters are exactly what it is about.
// oxlint-disable-next-line no-control-regex
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The one JSON value in `text`, white space around it allowed. */
export function parseJson(text: string, maxDepth: number): JsonNode | JsonFault {
  const parser = new Parser(text, maxDepth);
  const node = parser.value('', 0);
  if (node.kind === 'fault') return node;
  return parser.atEnd() ? node : parser.fault('', `unexpected ${parser.here()} after the value`);
}

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  value(pointer: string, depth: number): JsonNode | JsonFault {
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return depth < this.#maxDepth ? this.#object(pointer, depth + 1) : this.#tooDeep(pointer);
      case '[':
        return depth < this.#maxDepth ? this.#array(pointer, depth + 1) : this.#tooDeep(pointer);
      case '"': {
        const value = this.#string(pointer);
        return typeof value === 'string' ? { kind: 'string', value } : value;
      }
      default:
        return this.#keywordOrNumber(pointer);
    }
  }

  atEnd(): boolean {
    this.#space();
    return this.#at === this.#text.length;
  }

  fault(pointer: string, what: string, code: RefusalCode = 'invalid_json'): JsonFault {
    return { kind: 'fault', code, pointer, detail: `${what} (character ${this.#at + 1} of the record)` };
  }

  /** The next character as a message shows it. */
  here(): string {
    const point = this.#text.codePointAt(this.#at);
    return point === undefined ? 'end of the record' : JSON.stringify(String.fromCodePoint(point));
  }

  #tooDeep(pointer: string): JsonFault {
    return this.fault(pointer, `nested deeper than ${this.#maxDepth} levels`, 'too_deep');
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }

  #take(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #object(pointer: string, depth: number): JsonNode | JsonFault {
    const members = new Map<string, JsonNode>();
    this.#at += 1;
    if (this.#take('}')) return { kind: 'object', members };
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') return this.fault(pointer, `a key in quotes expected, not ${this.here()}`);
      const key = this.#string(pointer);
      if (typeof key !== 'string') return key;
      const inner = pointer + pointerStep(key);
      if (members.has(key)) return this.fault(inner, 'the key appears twice in its object', 'duplicate_key');
      if (!this.#take(':')) return this.fault(inner, `":" expected, not ${this.here()}`);
      const node = this.value(inner, depth);
      if (node.kind === 'fault') return node;
      members.set(key, node);
    } while (this.#take(','));
    return this.#take('}')
      ? { kind: 'object', members }
      : this.fault(pointer, `"," or "}" expected, not ${this.here()}`);
  }

  #array(pointer: string, depth: number): JsonNode | JsonFault {
    const items: JsonNode[] = [];
    this.#at += 1;
    if (this.#take(']')) return { kind: 'array', items };
    do {
      const node = this.value(pointer + pointerStep(items.length), depth);
      if (node.kind === 'fault') return node;
      items.push(node);
    } while (this.#take(','));
    return this.#take(']') ? { kind: 'array', items } : this.fault(pointer, `"," or "]" expected, not ${this.here()}`);
  }

  #string(pointer: string): string | JsonFault {
    let value = '';
    this.#at += 1;
    for (;;) {
      value += this.#match(PLAIN);
      const next = this.#text[this.#at];
      if (next === '"') {
        this.#at += 1;
        return value.isWellFormed() ? value : this.fault(pointer, 'a lone surrogate in a string is not a character');
      }
      if (next === undefined) return this.fault(pointer, 'the string has no end');
      if (next !== '\\') return this.fault(pointer, 'a control character in a string must be written as an escape');
      const escape = this.#escape();
      if (escape === undefined) return this.fault(pointer, 'not an escape of JSON');
      value += escape;
    }
  }

  #escape(): string | undefined {
    const letter = this.#text[this.#at + 1] ?? '';
    if (letter !== 'u') {
      const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
      if (plain !== undefined) this.#at += 2;
      return plain;
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined;
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #keywordOrNumber(pointer: string): JsonNode | JsonFault {
    for (const [word, node] of KEYWORDS)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return node;
      }
    const text = this.#match(NUMBER);
    return text === '' ? this.fault(pointer, `a JSON value expected, not ${this.here()}`) : { kind: 'number', text };
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

const KEYWORDS: readonly (readonly [string, JsonNode])[] = [
  ['true', { kind: 'boolean', value: true }],
  ['false', { kind: 'boolean', value: false }],
  ['null', { kind: 'null' }],
];

/** JSON texts of records: most are right, many are at an edge, some are wrong in exactly one place. */
import type { Field, Type } from '../../../../src/record/types.ts';
import type { Chance } from '../../../support/chance.ts';
import { decimalText, floatText, integerText } from './random-number-text.ts';

export const randomRecord = (chance: Chance, fields: readonly Field[]): string =>
  `${space(chance)}${objectText(chance, fields)}${space(chance)}`;

const space = (chance: Chance): string => (chance.oneIn(12) ? chance.pick([' ', '\t', '\r', '  ']) : '');

function objectText(chance: Chance, fields: readonly Field[]): string {
  const order = chance.oneIn(5) ? fields.toSorted(() => chance.float() - 0.5) : fields;
  const members = order
    .filter((field) => !chance.oneIn(field.required ? 300 : 6))
    .map(
      (field) =>
        `${keyText(chance, field.name)}${space(chance)}:${space(chance)}${nullable(chance, field.type, field.required)}`,
    );
  while (chance.oneIn(25))
    members.splice(chance.below(members.length + 1), 0, `"${chance.pick(['zz', 'A', 'ID'])}":${anyValue(chance, 0)}`);
  if (chance.oneIn(200) && members.length > 0) members.push(chance.pick(members));
  return `{${space(chance)}${members.join(`${space(chance)},${space(chance)}`)}${space(chance)}}`;
}

const nullable = (chance: Chance, type: Type, required: boolean): string =>
  chance.oneIn(required ? 300 : 8) ? 'null' : valueText(chance, type);

function valueText(chance: Chance, type: Type): string {
  if (chance.oneIn(250)) return anyValue(chance, 0);
  switch (type.kind) {
    case 'boolean':
      return chance.oneIn(60) ? chance.pick(['1', '"true"', 'True', 'tru', 'falsee']) : chance.pick(['true', 'false']);
    case 'int':
      return integerText(chance, 32);
    case 'long':
      return integerText(chance, 64);
    case 'float':
      return floatText(chance, 32);
    case 'double':
      return floatText(chance, 64);
    case 'decimal':
      return decimalText(chance, type);
    case 'string':
      return stringText(chance);
    case 'date':
      return escapedSometimes(chance, date(chance));
    case 'time':
      return escapedSometimes(chance, time(chance));
    case 'timestamp':
      return escapedSometimes(
        chance,
        `${date(chance)}${separator(chance)}${time(chance)}${chance.oneIn(40) ? 'Z' : ''}`,
      );
    case 'timestamptz':
      return escapedSometimes(chance, `${date(chance)}${separator(chance)}${time(chance)}${zone(chance)}`);
    case 'uuid':
      return escapedSometimes(chance, uuid(chance));
    case 'binary':
      return escapedSometimes(chance, base64(chance, chance.below(40)));
    case 'fixed':
      return escapedSometimes(chance, base64(chance, chance.oneIn(30) ? type.length + 1 : type.length));
    case 'struct':
      return objectText(chance, type.fields);
    case 'list':
      return `[${repeat(chance, () => nullable(chance, type.element, type.elementRequired))}]`;
    case 'map':
      return type.key.kind === 'string'
        ? `{${repeat(chance, (index) => `${keyText(chance, chance.oneIn(20) ? 'k' : `k${index}${chance.pick(['', 'é', '\u0000', '"'])}`)}:${nullable(chance, type.value, type.valueRequired)}`)}}`
        : `[${repeat(chance, () => entryText(chance, type))}]`;
  }
}

function entryText(chance: Chance, type: Extract<Type, { kind: 'map' }>): string {
  const key = `"key":${valueText(chance, type.key)}`;
  if (!type.valueRequired && chance.oneIn(10)) return `{${key}}`;
  const value = `"value":${nullable(chance, type.value, type.valueRequired)}`;
  return chance.oneIn(5) ? `{${value},${key}}` : `{${key}, ${value}}`;
}

const repeat = (chance: Chance, item: (index: number) => string): string =>
  Array.from({ length: chance.pick([0, 1, 2, 3]) }, (_, index) => `${space(chance)}${item(index)}`).join(',');

function keyText(chance: Chance, name: string): string {
  const text = JSON.stringify(name);
  if (!chance.oneIn(40) || text.includes('\\')) return text;
  return `"${escape(name.slice(0, 1))}${text.slice(2)}`;
}

const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

function escapedSometimes(chance: Chance, text: string): string {
  if (!chance.oneIn(25) || text === '') return `"${text}"`;
  if (text.includes('/')) return `"${text.replaceAll('/', '\\/')}"`;
  const at = chance.below(text.length);
  return `"${text.slice(0, at)}${escape(text.charAt(at))}${text.slice(at + 1)}"`;
}

function stringText(chance: Chance): string {
  const piece = (): string =>
    chance.pick([
      'abc',
      'https://example.org/?q=',
      'é',
      '日本',
      '😀',
      '\\n',
      '\\"',
      '\\\\',
      '\\/',
      '\\u0000',
      '\\u00e9',
      '\\ud83d\\ude00',
      '\u007f',
      '\u2028',
      '2026-01-02',
      'null',
      '/',
    ]);
  const pieces = Array.from({ length: chance.below(7) }, piece);
  if (chance.oneIn(60))
    pieces.push(chance.pick(['\\ud800', '\\udc00', '\\ud83dx', '\\ud83d\\u0041', '\\x', '\\u12', '\u0001', '\t']));
  return `"${pieces.join('')}${'x'.repeat(chance.pick([0, 0, 1, 2, 3, 70]))}"`;
}

const two = (value: number): string => String(value).padStart(2, '0');

function date(chance: Chance): string {
  if (chance.oneIn(60))
    return chance.pick([
      '0000-01-01',
      '2023-02-29',
      '2024-02-30',
      '1900-02-29',
      '2026-13-01',
      '2026-04-31',
      '2026-1-2',
      '12026-01-01',
      '2026-00-10',
      '2026-01-00',
      '2026/01/02',
    ]);
  const year = chance.pick([1, 4, 1582, 1600, 1900, 1969, 1970, 2000, 2024, 2026, 9999, chance.between(1, 9999)]);
  const month = chance.between(1, 12);
  const day = chance.oneIn(4) ? new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate() : chance.between(1, 28);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

function time(chance: Chance): string {
  if (chance.oneIn(60))
    return chance.pick([
      '24:00:00',
      '23:59:60',
      '12:60',
      '1:02',
      '12',
      '12:00:00.',
      '12:00:00,5',
      '12:00:00.1234567',
      '12:00:00 ',
    ]);
  const clock = `${two(chance.below(24))}:${two(chance.below(60))}`;
  if (chance.oneIn(6)) return clock;
  const fraction = chance.pick([
    '',
    '',
    `.${chance.digits(chance.between(1, 6))}`,
    `.${chance.digits(6)}${'0'.repeat(chance.between(1, 12))}`,
  ]);
  return `${clock}:${two(chance.below(60))}${fraction}`;
}

const separator = (chance: Chance): string =>
  chance.oneIn(60) ? chance.pick(['t', '', '  ', '_']) : chance.pick(['T', 'T', 'T', ' ']);

function zone(chance: Chance): string {
  if (chance.oneIn(40)) return chance.pick(['', 'z', '+0200', '+02', ' Z', '+24:00', '+02:60', 'UTC', '-2:00']);
  return chance.oneIn(2)
    ? 'Z'
    : `${chance.pick(['+', '-'])}${two(chance.oneIn(3) ? chance.below(24) : chance.below(14))}:${chance.pick(['00', '30', '45', '59'])}`;
}

function uuid(chance: Chance): string {
  const hex = chance.bytes(16).toString('hex');
  const text = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  if (chance.oneIn(60))
    return chance.pick([
      `{${text}}`,
      hex,
      `urn:uuid:${text}`,
      text.slice(1),
      `${text}0`,
      text.replace(/[0-9a-f]/, 'g'),
    ]);
  return chance.oneIn(3) ? text.toUpperCase() : text;
}

function base64(chance: Chance, length: number): string {
  const text = chance.bytes(length).toString('base64');
  if (!chance.oneIn(40)) return text;
  return chance.pick([
    text.replaceAll('=', ''),
    `${text}=`,
    text.replaceAll('+', '-').replaceAll('/', '_'),
    `${text} `,
    'AB==',
    'AAB=',
    '=',
    'A===',
    'AAAA====',
  ]);
}

function anyValue(chance: Chance, depth: number): string {
  switch (chance.below(depth > 2 ? 6 : 9)) {
    case 0:
      return 'null';
    case 1:
      return chance.pick(['true', 'false']);
    case 2:
      return stringText(chance);
    case 3:
      return floatText(chance, 64);
    case 4:
      return integerText(chance, 64);
    case 5:
      return chance.pick(['[]', '{}', '1e999', '-0', '[ ]', '{ }']);
    case 6:
      return `[${repeat(chance, () => anyValue(chance, depth + 1))}]`;
    case 7:
      return chance.oneIn(2) ? nested(chance) : 'null';
    default:
      return `{${repeat(chance, (index) => `"k${chance.oneIn(10) ? '' : index}":${anyValue(chance, depth + 1)}`)}}`;
  }
}

function nested(chance: Chance): string {
  const depth = chance.between(55, 70);
  return chance.oneIn(2) ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

const BYTES = [
  0x00, 0x08, 0x09, 0x0d, 0x1f, 0x20, 0x22, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x39, 0x3a, 0x45, 0x5b, 0x5c,
  0x5d, 0x65, 0x6e, 0x75, 0x7b, 0x7d, 0x7f, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xff,
];

/** One to three edits of single bytes or slices; never a line end. */
export function mutated(chance: Chance, record: Buffer): Buffer {
  let bytes = record;
  for (let edits = chance.between(1, 3); edits > 0; edits -= 1) {
    const at = chance.below(bytes.length + 1);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    bytes = chance.pick([
      () => Buffer.concat([head, Buffer.from([chance.pick(BYTES)]), tail]),
      () => Buffer.concat([head, Buffer.from([chance.pick(BYTES)]), tail.subarray(1)]),
      () => Buffer.concat([head, tail.subarray(chance.between(1, 3))]),
      () => Buffer.concat([head, tail.subarray(0, chance.between(1, 9)), tail]),
    ])();
  }
  return bytes;
}

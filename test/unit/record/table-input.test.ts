/** Tables as people write them: type texts, transforms, partition and sort fields, names. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCreatableName, parseTableName } from '../../../src/record/table-name.ts';
import { parseTableInput } from '../../../src/record/table-input.ts';
import { parseTransformCall } from '../../../src/record/transform-text.ts';
import type { Problem } from '../../../src/record/type-text.ts';
import { parseType } from '../../../src/record/type-text.ts';
import { typeJson } from '../../../src/record/schema-json.ts';
import type { Type } from '../../../src/record/types.ts';
import { isPrimitive, primitiveName } from '../../../src/record/types.ts';

function typeOf(value: unknown): Type | string {
  const problems: Problem[] = [];
  const type = parseType(value, [], problems);
  return problems[0]?.message ?? type;
}

/** The one-line form. */
const textOf = (type: Type): string =>
  isPrimitive(type)
    ? primitiveName(type)
    : type.kind === 'list'
      ? `list<${textOf(type.element)}>`
      : type.kind === 'map'
        ? `map<${textOf(type.key)},${textOf(type.value)}>`
        : `struct<${type.fields.map((field) => `${field.name}: ${textOf(field.type)}`).join(', ')}>`;

const primitive: fc.Arbitrary<Type> = fc.oneof(
  fc
    .constantFrom(
      'boolean',
      'int',
      'long',
      'float',
      'double',
      'date',
      'time',
      'timestamp',
      'timestamptz',
      'string',
      'uuid',
      'binary',
    )
    .map((kind): Type => ({ kind })),
  fc
    .tuple(fc.integer({ min: 1, max: 38 }), fc.nat(38))
    .map(([precision, scale]): Type => ({ kind: 'decimal', precision, scale: Math.min(scale, precision) })),
  fc.integer({ min: 1, max: 1000 }).map((length): Type => ({ kind: 'fixed', length })),
);
const { type: anyType } = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    primitive,
    tie('type').map((element): Type => ({ kind: 'list', elementId: 0, element, elementRequired: false })),
    fc
      .tuple(tie('type'), tie('type'))
      .map(([key, value]): Type => ({ kind: 'map', keyId: 0, key, valueId: 0, value, valueRequired: false })),
    fc.array(tie('type'), { minLength: 1, maxLength: 3 }).map((types): Type => ({
      kind: 'struct',
      fields: types.map((type, index) => ({ id: 0, name: `f${index}`, type, required: false })),
    })),
  ),
}));

describe('types', () => {
  test('the one-line form and the JSON form of any type are read alike', () => {
    fc.assert(
      fc.property(anyType, (type) => {
        expect(typeOf(textOf(type))).toEqual(type);
        expect(typeOf(typeJson(type))).toEqual(type);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['', /is not a type/],
    ['integer', /is not a type/],
    ['long long', /unexpected "long"/],
    ['list<int', /expected ">"/],
    ['list int', /expected "<"/],
    ['map<int>', /expected ","/],
    ['struct<>', /expected "name: type"/],
    ['decimal', /expected decimal/],
    ['decimal(39,0)', /precision of 1 to 38/],
    ['decimal(2,3)', /scale of a decimal/],
    ['fixed[0]', /at least 1/],
    [7, /expected a type/],
    [{ type: 'array' }, /list \| map \| struct/],
    [{ type: 'list', element: 'int', 'element-required': 'yes' }, /true or false/],
    [`${'list<'.repeat(40)}int${'>'.repeat(40)}`, /nested at most 32/],
  ])('%j is refused', (value, expected) => {
    expect(typeOf(value)).toMatch(expected);
  });

  test('no text throws or hangs', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'listmapstruct<>[](),: 019'.split('')), maxLength: 60 }),
        (text) => {
          typeOf(text);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('transforms', () => {
  test.each([
    ['country', { source: 'country', transform: { kind: 'identity' } }],
    ['a.b', { source: 'a.b', transform: { kind: 'identity' } }],
    ['day(ts)', { source: 'ts', transform: { kind: 'day' } }],
    ['Days( ts )', { source: 'ts', transform: { kind: 'day' } }],
    ['bucket(16, id)', { source: 'id', transform: { kind: 'bucket', buckets: 16 } }],
    ['truncate(4,name)', { source: 'name', transform: { kind: 'truncate', width: 4 } }],
    ['void(x)', { source: 'x', transform: { kind: 'void' } }],
    ['bucket(id)', undefined],
    ['bucket(0, id)', undefined],
    ['bucket(4294967296, id)', undefined],
    ['day(4, ts)', undefined],
    ['week(ts)', undefined],
    ['day(ts', undefined],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(parseTransformCall(text)).toEqual(expected);
  });
});

describe('partition and sort fields', () => {
  const schema = [
    { name: 'id', type: 'long', required: true },
    { name: 'ts', type: 'timestamptz' },
    { name: 'x', type: 'double' },
    { name: 'tags', type: 'list<string>' },
  ];
  const problems = (input: object): readonly string[] => {
    const parsed = parseTableInput({ schema, ...input });
    return parsed.kind === 'parsed' ? [] : parsed.problems.map(({ path, message }) => `${path.join('/')}: ${message}`);
  };

  test.each<[string, object, RegExp]>([
    [
      'a transform that does not fit',
      { partition_by: ['bucket(4, x)'] },
      /^partition_by\/0: bucket\[4\] does not apply to "x", a double/,
    ],
    ['a column inside a list', { partition_by: ['tags'] }, /^partition_by\/0: "tags" is not a primitive column/],
    ['the same twice', { partition_by: ['day(ts)', 'day(ts)'] }, /^partition_by\/1: the same transform/],
    [
      'one name twice',
      { partition_by: ['day(ts)', { source: 'id', transform: 'bucket[4]', name: 'ts_day' }] },
      /^partition_by\/1: two partition fields/,
    ],
    [
      'the name of a column',
      { partition_by: [{ source: 'ts', transform: 'day', name: 'id' }] },
      /^partition_by\/0: .* has the name of a column/,
    ],
    ['no list', { partition_by: 'day(ts)' }, /^partition_by: expected a list/],
    [
      'an unknown member',
      { partition_by: [{ source: 'ts', transform: 'day', nam: 'x' }] },
      /^partition_by\/0\/nam: unknown key/,
    ],
    ['a direction', { sort_by: [{ source: 'ts', direction: 'up' }] }, /^sort_by\/0\/direction: expected asc or desc/],
    ['an identifier that may be null', { identifier: ['ts'] }, /^schema: ts: an identifier must be required/],
    ['an identifier that is not there', { identifier: ['zz'] }, /^identifier\/0: "zz" is not a column/],
  ])('%s is refused at its place', (_what, input, expected) => {
    expect(problems(input)).toEqual([expect.stringMatching(expected)]);
  });

  test('texts and objects mean the same', () => {
    const texts = parseTableInput({
      schema,
      partition_by: ['bucket(4, id)', 'id'],
      sort_by: ['ts DESC NULLS FIRST', 'bucket(4, id)'],
    });
    const objects = parseTableInput({
      schema: { type: 'struct', fields: schema },
      partition_by: [{ source: 'id', transform: 'bucket[4]' }, { source: 'id' }],
      sort_by: [
        { source: 'ts', direction: 'desc', null_order: 'nulls-first' },
        { source: 'id', transform: 'bucket[4]' },
      ],
    });
    expect(texts.kind).toBe('parsed');
    expect(texts).toEqual(objects);
  });
});

test.each([
  ['web.clicks', { namespace: ['web'], name: 'clicks' }, true],
  ['a.b.c', { namespace: ['a', 'b'], name: 'c' }, true],
  ['web.cl icks', { namespace: ['web'], name: 'cl icks' }, false],
  ['web.é', { namespace: ['web'], name: 'é' }, false],
  ['web.-x', { namespace: ['web'], name: '-x' }, false],
  ['clicks', undefined, false],
  ['web.', undefined, false],
  ['.x', undefined, false],
  ['a..b', undefined, false],
  ['a.b/c', undefined, false],
  ['a.b\\c', undefined, false],
  ['a.b\u0000', undefined, false],
])('the name %j', (text, expected, creatable) => {
  const name = parseTableName(text);
  expect(name).toEqual(expected);
  expect(name !== undefined && isCreatableName(name)).toBe(creatable);
});

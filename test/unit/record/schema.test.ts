import { describe, expect, it } from 'vitest';
import { parseSortOrder, parseSpec, sortOrderJson, specJson } from '../../../src/record/partition-json.ts';
import { partitionText, valueText } from '../../../src/record/partition-text.ts';
import { assignFreshIds, lastColumnId, schemaProblems } from '../../../src/record/schema-check.ts';
import { illegalChanges } from '../../../src/record/schema-compatibility.ts';
import { parseSchema, parseType, schemaJson } from '../../../src/record/schema-json.ts';
import type { Field, Schema, Type } from '../../../src/record/types.ts';

const field = (id: number, name: string, type: Type, required = false): Field => ({ id, name, type, required });
const schemaOf = (...fields: Field[]): Schema => ({ schemaId: 0, fields });

const NESTED = {
  type: 'struct',
  'schema-id': 3,
  'identifier-field-ids': [1],
  fields: [
    { id: 1, name: 'id', required: true, type: 'long', doc: 'key' },
    { id: 2, name: 'price', required: false, type: 'decimal(9,2)' },
    {
      id: 3,
      name: 'tags',
      required: false,
      type: { type: 'list', 'element-id': 5, element: 'string', 'element-required': true },
    },
    {
      id: 4,
      name: 'attributes',
      required: false,
      type: {
        type: 'map',
        'key-id': 6,
        key: 'string',
        'value-id': 7,
        value: { type: 'struct', fields: [{ id: 8, name: 'code', required: false, type: 'fixed[16]' }] },
        'value-required': false,
      },
    },
  ],
} as const;

describe('schema JSON (checklist 2.1)', () => {
  it('goes both ways unchanged', () => {
    expect(schemaJson(parseSchema(NESTED, 'test'))).toEqual(NESTED);
  });
  it('accepts blanks inside decimal', () => {
    expect(parseType('decimal(9, 2)', 'c')).toEqual({ kind: 'decimal', precision: 9, scale: 2 });
  });
  it('tells v3 types from nonsense', () => {
    expect(() => parseType('timestamp_ns', 'c')).toThrow(/format version 3/);
    expect(() => parseType('geometry(srid:4326)', 'c')).toThrow(/format version 3/);
    expect(() => parseType('varchar', 'c')).toThrow(/unknown type 'varchar'/);
  });
  it('lets requests leave nested ids out, metadata not', () => {
    const list = { type: 'list', element: 'int' };
    expect(parseType(list, 'c', 'zero')).toMatchObject({ elementId: 0, elementRequired: false });
    expect(() => parseType(list, 'c')).toThrow(/element-id/);
  });
  it('counts nested ids (checklist 1.14)', () => {
    expect(lastColumnId(parseSchema(NESTED, 'test'))).toBe(8);
  });
});

describe('fresh ids', () => {
  it('numbers a struct first, then what is inside each field', () => {
    const inner: Type = {
      kind: 'struct',
      fields: [
        field(0, 'b', { kind: 'int' }),
        field(0, 'c', { kind: 'struct', fields: [field(0, 'd', { kind: 'int' })] }),
      ],
    };
    const map: Type = {
      kind: 'map',
      keyId: 0,
      key: { kind: 'string' },
      valueId: 0,
      value: inner,
      valueRequired: false,
    };
    const { fields, idOf } = assignFreshIds([
      field(7, 'a', inner),
      field(3, 'e', { kind: 'list', elementId: 0, element: { kind: 'int' }, elementRequired: false }),
      field(9, 'f', map),
    ]);
    const json = JSON.stringify(schemaJson({ schemaId: 0, fields }));
    expect([...json.matchAll(/"(?:id|element-id|key-id|value-id)":(\d+)/g)].map((m) => Number(m[1]))).toEqual([
      1, 4, 5, 6, 2, 7, 3, 8, 9, 10, 11, 12,
    ]);
    expect([7, 3, 9, 4].map(idOf)).toEqual([1, 2, 3, undefined]);
  });
  it('refuses an id used twice, because partitions refer to it', () => {
    expect(() => assignFreshIds([field(1, 'a', { kind: 'int' }), field(1, 'b', { kind: 'int' })])).toThrow(/twice/);
  });
});

describe('a new schema', () => {
  const int: Type = { kind: 'int' };
  it.each<readonly [string, Schema, RegExp]>([
    ['no columns', schemaOf(), /at least one/],
    ['id 0 (checklist 1.13)', schemaOf(field(0, 'a', int)), /field id 0/],
    ['a reserved id', schemaOf(field(2_147_483_546, 'a', int)), /outside/],
    ['an id twice', schemaOf(field(1, 'a', int), field(1, 'b', int)), /already that of a/],
    ['a name twice', schemaOf(field(1, 'a', int), field(2, 'a', int)), /used twice/],
    ['names that differ in case', schemaOf(field(1, 'a', int), field(2, 'A', int)), /case only/],
    ['an empty name', schemaOf(field(1, '', int)), /empty/],
    ['a metadata column', schemaOf(field(1, '_pos', int)), /reserved/],
    [
      'a nested name twice',
      schemaOf(field(1, 's', { kind: 'struct', fields: [field(2, 'x', int), field(3, 'x', int)] })),
      /s\.x/,
    ],
    ['decimal(39,0)', schemaOf(field(1, 'd', { kind: 'decimal', precision: 39, scale: 0 })), /precision/],
    ['decimal(2,3)', schemaOf(field(1, 'd', { kind: 'decimal', precision: 2, scale: 3 })), /scale/],
    ['fixed[0]', schemaOf(field(1, 'd', { kind: 'fixed', length: 0 })), /length/],
    ['an optional identifier (2.8)', { ...schemaOf(field(1, 'a', int)), identifierFieldIds: [1] }, /required/],
    [
      'a float identifier (2.8)',
      { ...schemaOf(field(1, 'a', { kind: 'float' }, true)), identifierFieldIds: [1] },
      /float/,
    ],
    [
      'an identifier in an optional struct (2.8)',
      { ...schemaOf(field(1, 's', { kind: 'struct', fields: [field(2, 'a', int, true)] })), identifierFieldIds: [2] },
      /what holds it/,
    ],
    [
      'an identifier in a list (2.8)',
      {
        ...schemaOf(field(1, 'l', { kind: 'list', elementId: 2, element: int, elementRequired: true }, true)),
        identifierFieldIds: [2],
      },
      /inside a list/,
    ],
  ])('is refused with %s', (_name, schema, problem) => {
    expect(schemaProblems(schema).join('; ')).toMatch(problem);
  });
  it('is fine with identifiers in required structs', () => {
    const schema = schemaOf(field(1, 's', { kind: 'struct', fields: [field(2, 'a', int, true)] }, true));
    expect(schemaProblems({ ...schema, identifierFieldIds: [2] })).toEqual([]);
  });
});

describe('schema changes (checklist 2.3–2.7)', () => {
  const int: Type = { kind: 'int' };
  it.each<readonly [string, Type, Type, boolean]>([
    ['int to long', int, { kind: 'long' }, true],
    ['long to int', { kind: 'long' }, int, false],
    ['float to double', { kind: 'float' }, { kind: 'double' }, true],
    ['more digits', { kind: 'decimal', precision: 4, scale: 2 }, { kind: 'decimal', precision: 9, scale: 2 }, true],
    ['other scale', { kind: 'decimal', precision: 4, scale: 2 }, { kind: 'decimal', precision: 9, scale: 3 }, false],
    ['date to timestamp (v3 only)', { kind: 'date' }, { kind: 'timestamp' }, false],
    ['primitive to struct', int, { kind: 'struct', fields: [field(2, 'x', int)] }, false],
  ])('%s', (_name, from, to, legal) => {
    expect(illegalChanges(schemaOf(field(1, 'a', from)), schemaOf(field(1, 'b', to))).length === 0).toBe(legal);
  });
  it('allows dropping, renaming and adding optional columns, and required ones only inside new structs', () => {
    const before = schemaOf(field(1, 'a', int), field(2, 'b', int));
    expect(illegalChanges(before, schemaOf(field(2, 'B', int), field(3, 'c', int)))).toEqual([]);
    expect(illegalChanges(before, schemaOf(field(1, 'a', int), field(3, 'c', int, true)))).toHaveLength(1);
    const inNew = field(3, 's', { kind: 'struct', fields: [field(4, 'x', int, true)] });
    expect(illegalChanges(before, schemaOf(field(1, 'a', int), inNew))).toEqual([]);
    expect(illegalChanges(before, schemaOf(field(1, 'a', int, true)))).toHaveLength(1);
  });
  it('refuses moving a field into a struct', () => {
    const moved = schemaOf(field(2, 's', { kind: 'struct', fields: [field(1, 'a', int)] }));
    expect(illegalChanges(schemaOf(field(1, 'a', int)), moved)).toHaveLength(1);
  });
});

it('partition specs and sort orders go both ways (checklist 3.1, 4.1)', () => {
  const spec = {
    'spec-id': 1,
    fields: [
      { name: 'day', transform: 'day', 'source-id': 2, 'field-id': 1000 },
      { name: 'b', transform: 'bucket[16]', 'source-id': 1, 'field-id': 1001 },
      { name: 't', transform: 'truncate[4]', 'source-id': 3, 'field-id': 1002 },
    ],
  };
  expect(specJson(parseSpec(spec, 'spec'))).toEqual(spec);
  const order = {
    'order-id': 1,
    fields: [{ transform: 'identity', 'source-id': 1, direction: 'desc', 'null-order': 'nulls-last' }],
  };
  expect(sortOrderJson(parseSortOrder(order, 'order'))).toEqual(order);
});

it('refuses unknown and several-source transforms and bucket[0] (checklist 3.10, conformance 8.6)', () => {
  const spec = (member: object) => ({ 'spec-id': 0, fields: [{ name: 'x', 'field-id': 1000, ...member }] }) as never;
  expect(() => parseSpec(spec({ transform: 'zorder', 'source-id': 1 }), 's')).toThrow(/unknown transform/);
  expect(() => parseSpec(spec({ transform: 'bucket[0]', 'source-id': 1 }), 's')).toThrow(/unknown transform/);
  expect(() => parseSpec(spec({ transform: 'bucket[4]', 'source-ids': [1, 2] }), 's')).toThrow(/several sources/);
  expect(parseSpec(spec({ transform: 'bucket[4]', 'source-ids': [1] }), 's').fields[0]?.sourceId).toBe(1);
});

it('prints partition values for people', () => {
  const timestamp: Type = { kind: 'timestamptz' };
  expect(partitionText({ kind: 'year' }, timestamp, 54)).toBe('2024');
  expect(partitionText({ kind: 'month' }, timestamp, -1)).toBe('1969-12');
  expect(partitionText({ kind: 'day' }, timestamp, 19_787)).toBe('2024-03-05');
  expect(partitionText({ kind: 'hour' }, timestamp, -1)).toBe('1969-12-31-23');
  expect(partitionText({ kind: 'identity' }, timestamp, 1n)).toBe('1970-01-01T00:00:00.000001+00:00');
  expect(partitionText({ kind: 'bucket', buckets: 16 }, { kind: 'string' }, 7)).toBe('7');
  expect(partitionText({ kind: 'identity' }, { kind: 'int' }, null)).toBeNull();
  expect(valueText({ kind: 'decimal', precision: 5, scale: 3 }, -5n)).toBe('-0.005');
  expect(valueText({ kind: 'uuid' }, Uint8Array.from(Buffer.from('f79c3e09677c4bbda4793f349cb785e7', 'hex')))).toBe(
    'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  );
});

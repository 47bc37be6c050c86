/** Random schemas: every type, nested up to three deep, names that JSON and SQL must quote. */
import type { Field, PrimitiveType, Schema, Type } from '../../../../src/record/types.ts';
import type { Chance } from '../../../support/chance.ts';

const NAMES = [
  'a',
  'id',
  'ts',
  'amount',
  'user name',
  'naïve',
  'quo"te',
  'back\\slash',
  '日本',
  'x/y~z',
  'key',
  'value',
];

export function randomSchema(chance: Chance): Schema {
  const ids = { next: 1 };
  return { schemaId: 0, fields: fields(chance, ids, chance.between(1, 8), 0) };
}

interface Ids {
  next: number;
}

function fields(chance: Chance, ids: Ids, count: number, depth: number): Field[] {
  const names = NAMES.toSorted(() => chance.float() - 0.5).slice(0, count);
  return names.map((name) => ({
    id: ids.next++,
    name,
    type: randomType(chance, ids, depth),
    required: chance.oneIn(3),
  }));
}

function randomType(chance: Chance, ids: Ids, depth: number): Type {
  if (depth >= 3 || !chance.oneIn(4)) return randomPrimitive(chance);
  switch (chance.below(4)) {
    case 0:
      return { kind: 'struct', fields: fields(chance, ids, chance.between(1, 3), depth + 1) };
    case 1:
      return {
        kind: 'list',
        elementId: ids.next++,
        element: randomType(chance, ids, depth + 1),
        elementRequired: chance.oneIn(2),
      };
    default:
      return {
        kind: 'map',
        keyId: ids.next++,
        key: chance.oneIn(2) ? { kind: 'string' } : randomKey(chance, ids),
        valueId: ids.next++,
        value: randomType(chance, ids, depth + 1),
        valueRequired: chance.oneIn(2),
      };
  }
}

const randomKey = (chance: Chance, ids: Ids): Type =>
  chance.oneIn(8) ? { kind: 'struct', fields: fields(chance, ids, 1, 3) } : randomPrimitive(chance);

function randomPrimitive(chance: Chance): PrimitiveType {
  const kind = chance.pick([
    'boolean',
    'int',
    'long',
    'float',
    'double',
    'decimal',
    'date',
    'time',
    'timestamp',
    'timestamptz',
    'string',
    'uuid',
    'fixed',
    'binary',
  ] as const);
  if (kind === 'decimal') {
    const precision = chance.between(1, 38);
    return {
      kind,
      precision,
      scale: chance.pick([0, 2, precision, chance.between(0, precision)].filter((s) => s <= precision)),
    };
  }
  return kind === 'fixed' ? { kind, length: chance.pick([1, 2, 3, 16, 20]) } : { kind };
}

/**
 * Every type by every transform that takes it: foreign engines see the rows of our tables, whole and under filters at every bound.
 *
 * One table a family of transforms, written by the real daemon in three checkpoints. Values are `support-values.ts`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { compareTable } from './compare.ts';
import type { Leaf } from './filters.ts';
import type { CanonicalValue, Predicate, ReaderEngine } from './harness.ts';
import { KNOWN_REFUSALS, RefusalLedger } from './known-refusals.ts';
import { PARTITION_REFUSALS, partitionRefusalsAmong } from './partition-refusals.ts';
import { closeReaders, openReaders } from './readers.ts';
import { TestDaemon } from './support-daemon.ts';
import { lint } from './support-lint.ts';
import { FAR_TIMESTAMPS, ROWS, rowsFor, VALUES } from './support-values.ts';

const NESTED_KINDS = /^(struct|list|map)/;
/** Column names by type: `decimal(9,2)` lies in column `decimal_9_2`. */
const nameOf = (type: string): string => type.replaceAll(/\W+/g, '_').replace(/_$/, '');
const columnsOf = (types: readonly string[]): Record<string, string> =>
  Object.fromEntries(types.map((type) => [nameOf(type), type]));

const TYPES = Object.keys(VALUES);
// Spark refuses a table with a time column, so that time has tables of its own.
const PRIMITIVES = TYPES.filter((type) => !NESTED_KINDS.test(type) && type !== 'time');
const NESTED = Object.fromEntries(
  TYPES.filter((type) => NESTED_KINDS.test(type)).map((type, i) => [`nested_${i}`, type]),
);
const BUCKETED = PRIMITIVES.filter((type) => !['boolean', 'float', 'double'].includes(type));
const TRUNCATED = ['int', 'long', 'decimal(9,2)', 'decimal(18,4)', 'string', 'binary'];
const INSTANTS = ['timestamp', 'timestamptz'];
const DAYS = ['date', ...INSTANTS];

interface Case {
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
  /** Source column and transform, as metadata spells it. */
  readonly partition?: readonly (readonly [string, string])[];
  readonly own?: Readonly<Record<string, readonly CanonicalValue[]>>;
  readonly asks?: (leaf: Leaf, predicate: Predicate) => boolean;
}

const each = (types: readonly string[], transform: string): Case => ({
  name: transform.replaceAll(/\W+/g, '_').replace(/_$/, ''),
  columns: columnsOf(types),
  partition: types.map((type) => [nameOf(type), transform]),
});
/** Hashes and void prune by equality and NULL at most: other filters say nothing that the plain table does not. */
const byEquality = (_leaf: Leaf, { op }: Predicate): boolean => op === 'eq' || op === 'isnull' || op === 'notnull';

const FAR = {
  far: FAR_TIMESTAMPS,
  far_tz: FAR_TIMESTAMPS.map((text) => (text === null ? null : `${text}+00:00`)),
};

const CASES: readonly Case[] = [
  { name: 'plain', columns: columnsOf(PRIMITIVES) },
  { name: 'nested', columns: NESTED },
  { name: 'far_years', columns: { far: 'timestamp', far_tz: 'timestamptz' }, own: FAR },
  { name: 'time', columns: { time: 'time' }, partition: [['time', 'identity']] },
  { name: 'time_bucket', columns: { time: 'time' }, partition: [['time', 'bucket[4]']], asks: byEquality },
  { name: 'time_void', columns: { time: 'time' }, partition: [['time', 'void']], asks: byEquality },
  // Some engines cannot open a table that is partitioned by a uuid: it has a table of its own. A fixed is refused as a partition.
  each(
    PRIMITIVES.filter((type) => type !== 'uuid' && !type.startsWith('fixed')),
    'identity',
  ),
  { ...each(['uuid'], 'identity'), name: 'identity_uuid' },
  each(DAYS, 'year'),
  each(DAYS, 'month'),
  each(DAYS, 'day'),
  each(INSTANTS, 'hour'),
  { ...each(BUCKETED, 'bucket[3]'), asks: byEquality },
  {
    name: 'truncate',
    columns: { ...columnsOf(TRUNCATED), around_zero: 'int' },
    partition: [...Object.keys(columnsOf(TRUNCATED)), 'around_zero'].map((column) => [column, 'truncate[5]'] as const),
    own: { around_zero: ['-11', '-10', '-9', '-5', '-4', '-1', '0', '1', null, '4', '5', '6', '9', '10'] },
  },
  { ...each(['decimal(38,10)'], 'truncate[5]'), name: 'truncate_wide' },
  { ...each(PRIMITIVES, 'void'), asks: byEquality },
];

/** `bucket[3]` of a column as the API takes it. */
const call = ([column, transform]: readonly [string, string]): string => {
  const [kind = '', width] = transform.replace(']', '').split('[');
  if (kind === 'identity') return column;
  return width === undefined ? `${kind}(${column})` : `${kind}(${width}, ${column})`;
};

describe('tables of our daemon in foreign engines', () => {
  let engines: ReaderEngine[] = [];
  let daemon: TestDaemon;
  const ledger = new RefusalLedger([...KNOWN_REFUSALS, ...PARTITION_REFUSALS]);

  beforeAll(async () => {
    daemon = await TestDaemon.start();
    engines = await openReaders();
  });
  afterAll(async () => {
    await closeReaders(engines);
    await daemon.stop();
  });

  it.each(CASES)('$name', async ({ name, columns, partition = [], own, asks }) => {
    const table = `types.${name}`;
    const schema = await daemon.create({ name: table, columns, partitionBy: partition.map((field) => call(field)) });
    const rows = rowsFor(schema, columns, own);
    for (let start = 0; start < ROWS; start += ROWS / 3) {
      await daemon.send(table, schema, rows.slice(start, start + ROWS / 3));
      await daemon.flush(table);
    }
    const { metadata } = await daemon.describe(table);
    expect(await daemon.snapshots(table)).toHaveLength(3);
    expect((await daemon.files(table)).length).toBeGreaterThanOrEqual(3);
    expect(await lint(metadata, daemon.catalog)).toEqual([]);
    // The key is a column like any other in the plain table alone.
    const asked = (leaf: Leaf, predicate: Predicate): boolean =>
      (leaf.path !== 'id' || name === 'plain') && (asks?.(leaf, predicate) ?? true);
    const tested = { metadata, fields: schema.fields, rows, key: 'id', partition, asks: asked };
    expect(await compareTable(engines, tested, ledger)).toEqual([]);
  });

  it('provoke every refusal that covers them', () => {
    expect(ledger.gone()).toEqual([]);
    expect(partitionRefusalsAmong(ledger.unprovoked())).toEqual([]);
  });
});

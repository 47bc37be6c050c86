import { readFile, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseJson64, stringifyJson64 } from '../../../src/core/json64.ts';
import { assertWritable } from '../../../src/iceberg/metadata-check.ts';
import { parseMetadata, printMetadata } from '../../../src/iceberg/metadata-json.ts';
import { ancestors, currentSchema, sourceTypes } from '../../../src/iceberg/metadata.ts';

const BASE = {
  'format-version': 2,
  'table-uuid': 'acd521f2-320c-4f3b-bd14-3ed0bf76d258',
  location: 's3://b/t/',
  'last-sequence-number': 2,
  'last-updated-ms': 1_700_000_000_000,
  'last-column-id': 1,
  'current-schema-id': 0,
  schemas: [{ type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'int' }] }],
  'default-spec-id': 0,
  'partition-specs': [{ 'spec-id': 0, fields: [] }],
  'last-partition-id': 999,
  'default-sort-order-id': 0,
  'sort-orders': [{ 'order-id': 0, fields: [] }],
  properties: { a: 'b' },
  'current-snapshot-id': 9_007_199_254_740_993n,
  refs: {
    main: { 'snapshot-id': 9_007_199_254_740_993n, type: 'branch', 'min-snapshots-to-keep': 3 },
    audit: { 'snapshot-id': 1, type: 'tag', 'max-ref-age-ms': 5 },
  },
  snapshots: [
    {
      'snapshot-id': 1,
      'sequence-number': 1,
      'timestamp-ms': 1_600_000_000_000,
      summary: { operation: 'append' },
      'manifest-list': 's3://b/t/1',
      'schema-id': 0,
    },
    {
      'snapshot-id': 9_007_199_254_740_993n,
      'parent-snapshot-id': 1,
      'sequence-number': 2,
      'timestamp-ms': 1_700_000_000_000,
      summary: { operation: 'append' },
      'manifest-list': 's3://b/t/2',
      'schema-id': 0,
      'from-the-future': [1],
    },
  ],
  'snapshot-log': [{ 'timestamp-ms': 1_700_000_000_000, 'snapshot-id': 9_007_199_254_740_993n }],
  'metadata-log': [{ 'timestamp-ms': 1_600_000_000_000, 'metadata-file': 's3://b/t/metadata/0' }],
  statistics: [{ 'snapshot-id': 9_007_199_254_740_993n, 'statistics-path': 's3://b/t/stats' }],
  'partition-statistics': [],
  'next-row-id': 4_611_686_018_427_387_905n,
};

const parse = (change: Record<string, unknown> = {}) => parseMetadata(stringifyJson64({ ...BASE, ...change }), 'test');

describe('metadata as text', () => {
  it('keeps 64-bit ids and everything it does not know (checklist 0.1)', () => {
    const again = parseJson64(printMetadata(parse()), 'test') as Record<string, unknown>;
    expect(again).toEqual({ ...BASE, location: 's3://b/t' });
  });

  it('reads what PyIceberg and Java wrote, and writes it back without loss', async () => {
    for (const folder of ['pyiceberg-0.12.0', 'iceberg-java-1.12.0']) {
      const path = new URL(`../../golden/${folder}/metadata/`, import.meta.url);
      const files = (await readdir(path)).filter((name) => name.endsWith('.metadata.json'));
      expect(files).toHaveLength(4);
      for (const name of files) {
        const text = (await readFile(new URL(name, path))).toString();
        const before = parseJson64(text, name) as Record<string, unknown>;
        const after = parseJson64(printMetadata(parseMetadata(text, name)), name);
        // PyIceberg leaves empty lists, and "none" for the current snapshot, out.
        expect(after).toEqual({
          'current-snapshot-id': -1,
          refs: {},
          statistics: [],
          'partition-statistics': [],
          'snapshot-log': [],
          'metadata-log': [],
          ...before,
        });
      }
    }
  });

  it('reads version 3 without loss, and refuses to write to it', () => {
    const metadata = parse({ 'format-version': 3 });
    expect(metadata.formatVersion).toBe(3);
    expect(parseJson64(printMetadata(metadata), 'test')).toMatchObject({
      'format-version': 3,
      'next-row-id': 4_611_686_018_427_387_905n,
    });
    expect(() => assertWritable(metadata)).toThrow(
      expect.objectContaining({ kind: 'unsupported', remedy: expect.any(String) }) as Error,
    );
    expect(() => assertWritable(parse())).not.toThrow();
    expect(() => assertWritable(parse({ 'encryption-keys': [] }))).toThrow(/encrypted/);
  });

  it('refuses other versions, and says how to upgrade', () => {
    for (const version of [1, 4]) expect(() => parse({ 'format-version': version })).toThrow(/format version/);
  });

  it('takes -1, null and absence for "no snapshot" (checklist 1.3), and writes -1', () => {
    for (const none of [-1, null, undefined]) {
      const metadata = parse({ 'current-snapshot-id': none, refs: {}, snapshots: [], 'snapshot-log': [] });
      expect(metadata.currentSnapshotId).toBeUndefined();
      expect(parseJson64(printMetadata(metadata), 'test')).toMatchObject({ 'current-snapshot-id': -1 });
    }
  });

  it('takes the current snapshot for main where refs are missing', () => {
    expect(parse({ refs: undefined }).refs['main']?.snapshotId).toBe(9_007_199_254_740_993n);
  });

  it.each<readonly [string, Record<string, unknown>]>([
    ['a missing uuid', { 'table-uuid': undefined }],
    ['a current snapshot that is not main (1.6)', { 'current-snapshot-id': 1 }],
    ['a ref to an absent snapshot (1.6)', { refs: { ...BASE.refs, x: { 'snapshot-id': 7, type: 'tag' } } }],
    ['a sequence number above the last (1.7)', { 'last-sequence-number': 1 }],
    ['a snapshot listed twice', { snapshots: [...BASE.snapshots, BASE.snapshots[0]] }],
    ['an absent current schema', { 'current-schema-id': 4 }],
    ['an absent default spec (1.5)', { 'default-spec-id': 4 }],
    ['an absent sort order (1.5)', { 'default-sort-order-id': 4 }],
    ['a property that is no text', { properties: { a: 1 } }],
    ['a fractional id', { 'last-column-id': 1.5 }],
  ])('refuses %s', (_name, change) => {
    expect(() => parse(change)).toThrow(expect.objectContaining({ kind: 'corrupt' }) as Error);
  });

  it('names the file in every error', () => {
    expect(() => parseMetadata('{', 's3://b/t/x.metadata.json')).toThrow(/s3:\/\/b\/t\/x\.metadata\.json/);
  });
});

it('walks from the current snapshot to its ancestors, as far as they are there, even around a cycle', () => {
  expect([...ancestors(parse())].map((snapshot) => snapshot.snapshotId)).toEqual([9_007_199_254_740_993n, 1n]);
  const expired = parse({ snapshots: BASE.snapshots.slice(1), refs: { main: BASE.refs.main } });
  expect([...ancestors(expired)]).toHaveLength(1);
  const cycle = [{ ...BASE.snapshots[0], 'parent-snapshot-id': 9_007_199_254_740_993n }, BASE.snapshots[1]];
  expect([...ancestors(parse({ snapshots: cycle }))]).toHaveLength(2);
});

it('finds the source of a partition in an older schema when its column was dropped', () => {
  const schemas = [
    ...BASE.schemas,
    { type: 'struct', 'schema-id': 1, fields: [{ id: 2, name: 'b', required: false, type: 'string' }] },
  ];
  const spec = { 'spec-id': 0, fields: [{ name: 'p', transform: 'bucket[4]', 'source-id': 1, 'field-id': 1000 }] };
  const metadata = parse({ schemas, 'current-schema-id': 1, 'last-column-id': 2, 'partition-specs': [spec] });
  expect(currentSchema(metadata).fields.map((field) => field.name)).toEqual(['b']);
  const field = { name: 'p', transform: { kind: 'bucket', buckets: 4 }, sourceId: 1, fieldId: 1000 } as const;
  expect(sourceTypes(metadata, { specId: 0, fields: [field] })).toEqual([{ kind: 'int' }]);
  expect(() => sourceTypes(metadata, { specId: 0, fields: [{ ...field, sourceId: 9 }] })).toThrow(/no source column 9/);
});

it('tells a v3 type in the current schema when the schema is needed', () => {
  const schemas = [
    { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'v', required: false, type: 'variant' }] },
  ];
  const metadata = parse({ 'format-version': 3, schemas });
  expect(() => currentSchema(metadata)).toThrow(/format version 3/);
});

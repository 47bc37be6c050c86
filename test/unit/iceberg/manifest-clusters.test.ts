/** Which manifests are written anew, and in which order their entries come. */
import { describe, expect, it } from 'vitest';
import { clusters, planClusters } from '../../../src/iceberg/manifest-clusters.ts';
import { EXISTING, fromDataFile } from '../../../src/iceberg/manifest-entry.ts';
import type { ManifestFile } from '../../../src/iceberg/manifest-file.ts';
import type { LiveEntry } from '../../../src/iceberg/manifest-scan.ts';
import { encodeSingle } from '../../../src/record/single-value.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import { dataFile } from '../../support/iceberg/samples.ts';

const INT: PrimitiveType = { kind: 'int' };
const bound = (value: number) => encodeSingle(INT, value);

/** Holds the days from `low` to `high`. */
const manifest = (path: string, low: number, high: number, more: Partial<ManifestFile> = {}): ManifestFile => ({
  path,
  length: 100n,
  specId: 0,
  content: 0,
  sequenceNumber: 1n,
  minSequenceNumber: 1n,
  addedSnapshotId: 1n,
  addedFiles: 1,
  existingFiles: 0,
  deletedFiles: 0,
  addedRows: 1n,
  existingRows: 0n,
  deletedRows: 0n,
  partitions: [{ containsNull: false, lowerBound: bound(low), upperBound: bound(high) }],
  ...more,
});
const plan = (...manifests: readonly ManifestFile[]): string[] =>
  planClusters(manifests, 1000n, () => [INT]).map((group) => group.map(({ path }) => path).join(''));

describe('which manifests are rewritten', () => {
  it('none where they are few and lie side by side', () => {
    expect(plan()).toEqual([]);
    expect(plan(manifest('a', 1, 9))).toEqual([]);
    expect(plan(manifest('b', 3, 5), manifest('a', 1, 3))).toEqual([]);
  });
  it('those that mix partitions, in the order of their partitions', () => {
    expect(plan(manifest('b', 2, 5), manifest('a', 1, 3))).toEqual(['ab']);
  });
  it('those that are many for their bytes', () => {
    expect(plan(manifest('c', 3, 3), manifest('b', 2, 2), manifest('a', 1, 1))).toEqual(['abc']);
  });
  it('none that is nearly full and mixes with no other, and never what lies on both sides of it', () => {
    const full = manifest('f', 5, 6, { length: 800n });
    expect(plan(full, manifest('b', 2, 4), manifest('a', 1, 3), manifest('d', 8, 9), manifest('c', 7, 9))).toEqual([
      'ab',
      'cd',
    ]);
    expect(plan(full, manifest('a', 1, 5), manifest('b', 6, 9))).toEqual([]);
    expect(plan(full, manifest('a', 1, 6))).toEqual(['af']);
  });
  it('never of two specs together, nor deletes, encrypted ones and those without live files', () => {
    expect(plan(manifest('a', 1, 3), manifest('b', 2, 4, { specId: 1 }))).toEqual([]);
    expect(
      plan(
        manifest('a', 1, 3),
        manifest('deletes', 2, 4, { content: 1 }),
        manifest('secret', 2, 4, { keyMetadata: new Uint8Array(1) }),
        manifest('dead', 2, 4, { addedFiles: 0, deletedFiles: 1 }),
      ),
    ).toEqual([]);
  });
  it('in groups of two targets, so that memory is bounded', () => {
    const mixed = ['a', 'b', 'c', 'd'].map((path, at) => manifest(path, at, 9, { length: 700n }));
    expect(plan(...mixed)).toEqual(['ab', 'cd']);
  });
  it('by number only, where nothing is known of partitions', () => {
    const { partitions: _none, ...bare } = manifest('x', 0, 0);
    expect(plan({ ...bare, path: 'a' }, { ...bare, path: 'b' })).toEqual([]);
    expect(plan({ ...bare, path: 'a' }, { ...bare, path: 'b' }, { ...bare, path: 'c' })).toEqual(['abc']);
  });
});

describe('entries', () => {
  const entry = (name: string, day: number | null, sequenceNumber: bigint): LiveEntry => ({
    status: EXISTING,
    snapshotId: 1n,
    sequenceNumber,
    fileSequenceNumber: sequenceNumber,
    file: fromDataFile(dataFile(name, [day])),
  });
  const inOrder = (entries: readonly LiveEntry[], bytes: bigint) =>
    clusters(entries, bytes, 1000n).map((cluster) => cluster.map(({ file }) => file.filePath).join(''));

  it('lie by partition, then by age, nulls first', () => {
    expect(inOrder([entry('d', 2, 1n), entry('c', 1, 2n), entry('a', null, 3n), entry('b', 1, 1n)], 900n)).toEqual([
      'abcd',
    ]);
  });
  it('fill manifests evenly, near the target', () => {
    const five = ['a', 'b', 'c', 'd', 'e'].map((name, at) => entry(name, at, 1n));
    expect(inOrder(five, 1500n)).toEqual(['abc', 'de']);
    expect(inOrder(five, 100_000n)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(inOrder([], 100n)).toEqual([]);
  });
});

/** What is planned, for tables of every kind. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeleteFile, LiveDataFile } from '../../../src/contracts/maintenance.ts';
import type { CompactionLimits } from '../../../src/maintenance/compaction-limits.ts';
import { planCompaction, type PlanInput, type RewriteGroup } from '../../../src/maintenance/compaction-plan.ts';

const MIB = 1024 * 1024;
const LIMITS: CompactionLimits = { targetBytes: 128 * MIB, minFiles: 5, hotFiles: 10, maxGroupBytes: 1024 * MIB };
const NONE: ReadonlyMap<string, ReadonlySet<string>> = new Map();

let count = 0;
const fileOf = (mebibytes: number, parts: Partial<LiveDataFile> = {}): LiveDataFile => ({
  filePath: `s3://b/t/data/${(count += 1)}.parquet`,
  format: 'parquet',
  specId: 0,
  partition: [],
  recordCount: BigInt(Math.max(1, Math.round(mebibytes * 10_000))),
  fileSizeInBytes: BigInt(Math.round(mebibytes * MIB)),
  sequenceNumber: 1n,
  deletes: [],
  foundIn: 's3://b/t/metadata/m.avro',
  ...parts,
});

const deleteOf = (records: number, parts: Partial<DeleteFile> = {}): DeleteFile => ({
  kind: 'position',
  format: 'parquet',
  filePath: `s3://b/t/data/${(count += 1)}-deletes.parquet`,
  sequenceNumber: 2n,
  equalityIds: [],
  recordCount: BigInt(records),
  fileSizeInBytes: 1000n,
  ...parts,
});

const plan = (files: readonly LiveDataFile[], parts: Partial<PlanInput> = {}, limits = LIMITS) =>
  planCompaction(
    { files, deletes: [], specId: 0, coldSequence: 1_000_000n, isSorted: false, applied: NONE, ...parts },
    limits,
  );

const many = (number: number, mebibytes: number, parts: Partial<LiveDataFile> = {}): readonly LiveDataFile[] =>
  Array.from({ length: number }, () => fileOf(mebibytes, parts));

describe('a compaction plan', () => {
  it('merges small files of a cold partition when there are five, and not when there are four', () => {
    expect(plan(many(4, 1)).groups).toEqual([]);
    const files = many(5, 1);
    expect(plan(files).groups).toMatchObject([{ files, filesAfter: 1, reasons: ['small'], bytes: BigInt(5 * MIB) }]);
  });

  it('merges two small files that together fill the target', () => {
    expect(plan(many(2, 64)).groups).toMatchObject([{ filesAfter: 1 }]);
    expect(plan(many(2, 60)).groups).toEqual([]);
  });

  it('leaves files of a good size alone', () => {
    expect(plan([...many(20, 96), ...many(20, 230)]).groups).toEqual([]);
  });

  it('splits a large file', () => {
    expect(plan(many(1, 400)).groups).toMatchObject([{ filesAfter: 3, reasons: ['large'] }]);
  });

  it('waits in a hot partition until enough files of one size are there, and merges only those', () => {
    const hot = { coldSequence: 0n };
    expect(plan([...many(9, 0.01), ...many(9, 1), ...many(9, 50)], hot).groups).toEqual([]);
    const tiny = many(10, 0.01);
    expect(plan([...tiny, ...many(9, 1), ...many(9, 50)], hot).groups).toMatchObject([{ files: tiny }]);
  });

  it('takes a partition for hot when one of its files is young', () => {
    const files = [...many(5, 1), fileOf(1, { sequenceNumber: 8n })];
    expect(plan(files, { coldSequence: 7n }).groups).toEqual([]);
    expect(plan(files, { coldSequence: 8n }).groups).toHaveLength(1);
  });

  it('rewrites a single file when deletes take more than a tenth of it, and drops deletes that serve nobody else', () => {
    const shared = deleteOf(1);
    const heavy = deleteOf(200_001);
    const first = fileOf(100, { deletes: [heavy, shared], recordCount: 2_000_000n });
    const files = [first, fileOf(100, { deletes: [shared] })];
    const { groups, use } = plan(files);
    expect(groups).toMatchObject([{ files: [first], reasons: ['deletes'], deletes: [heavy, shared] }]);
    expect(use.only([first])).toEqual([heavy]);
    const light = [fileOf(100, { deletes: [deleteOf(199_000)], recordCount: 2_000_000n })];
    expect(plan(light).groups).toEqual([]);
  });

  it('drops deletes that several groups share with the last of them', () => {
    const shared = deleteOf(4_000_000);
    const files = many(2, 100, { deletes: [shared] });
    const { groups, use } = plan(files, {}, { ...LIMITS, maxGroupBytes: 150 * MIB });
    expect(groups).toMatchObject([{ files: [files[0]] }, { files: [files[1]] }]);
    expect(use.only(files.slice(0, 1))).toEqual([]);
    expect(use.only(files.slice(1), files.slice(0, 1))).toEqual([shared]);
  });

  it('does not rewrite again for deletes that were applied when the file was made', () => {
    const heavy = deleteOf(500_000);
    const file = fileOf(100, { deletes: [heavy] });
    expect(plan([file]).groups).toHaveLength(1);
    expect(plan([file], { applied: new Map([[file.filePath, new Set([heavy.filePath])]]) }).groups).toEqual([]);
  });

  it('leaves alone what is not Parquet, or has a delete that is not', () => {
    const avro = many(5, 1, { format: 'avro' });
    const vectors = many(5, 1, { deletes: [deleteOf(10, { format: 'puffin' })] });
    expect(plan([...avro, ...vectors])).toMatchObject({ groups: [], unreadable: 10, files: 10, smallFiles: 10 });
  });

  it('keeps groups of an older spec below the target, for their rows spread over tuples', () => {
    const { groups } = plan(many(40, 10), { specId: 1 });
    expect(groups.length).toBeGreaterThan(1);
    for (const group of groups) expect(Number(group.bytes)).toBeLessThanOrEqual(LIMITS.targetBytes);
  });
});

const anyFile = fc
  .record({
    mebibytes: fc.oneof(fc.double({ min: 0.001, max: 20, noNaN: true }), fc.double({ min: 20, max: 600, noNaN: true })),
    partition: fc.integer({ min: 0, max: 3 }),
    specId: fc.integer({ min: 0, max: 1 }),
    sequence: fc.bigInt({ min: 1n, max: 20n }),
    deleted: fc.option(fc.double({ min: 0, max: 0.5, noNaN: true }), { nil: undefined }),
  })
  .map(({ mebibytes, partition, specId, sequence, deleted }) => {
    const file = fileOf(mebibytes, { partition: [partition], specId, sequenceNumber: sequence });
    if (deleted === undefined) return file;
    return { ...file, deletes: [deleteOf(Math.round(Number(file.recordCount) * deleted), { sequenceNumber: 21n })] };
  });

const anyTable = fc.record({
  files: fc.array(anyFile, { maxLength: 120 }),
  coldSequence: fc.bigInt({ min: 0n, max: 25n }),
  hotFiles: fc.integer({ min: 2, max: 12 }),
});

describe('every compaction plan', () => {
  it('takes no file twice, mixes no specs or tuples, and stays within the size of a group', () => {
    fc.assert(
      fc.property(anyTable, ({ files, coldSequence, hotFiles }) => {
        const { groups } = plan(files, { coldSequence }, { ...LIMITS, hotFiles });
        const taken = groups.flatMap((group) => group.files.map(({ filePath }) => filePath));
        expect(new Set(taken).size).toBe(taken.length);
        for (const group of groups) {
          for (const file of group.files) {
            expect(file.specId).toBe(group.specId);
            expect(file.partition).toEqual(group.partition);
            for (const each of file.deletes) expect(group.deletes).toContain(each);
          }
          if (group.files.length > 1) expect(Number(group.bytes)).toBeLessThanOrEqual(LIMITS.maxGroupBytes);
        }
      }),
    );
  });

  it('never drops a delete that another live file needs', () => {
    fc.assert(
      fc.property(anyTable, ({ files }) => {
        const { groups, use } = plan(files);
        const gone: LiveDataFile[] = [];
        for (const group of groups) {
          const others = files.filter((file) => !group.files.includes(file) && !gone.includes(file));
          for (const dropped of use.only(group.files, gone))
            expect(others.some(({ deletes }) => deletes.includes(dropped))).toBe(false);
          gone.push(...group.files);
        }
        const left = files.filter((file) => !gone.includes(file)).flatMap(({ deletes }) => deletes);
        for (const each of use.only(gone)) expect(left).not.toContain(each);
      }),
    );
  });

  it('comes to an end: rewriting by plan until nothing is planned takes a few rounds, and leaves few small files', () => {
    fc.assert(
      fc.property(anyTable, ({ files, coldSequence, hotFiles }) => {
        const limits = { ...LIMITS, hotFiles };
        let live: readonly LiveDataFile[] = files;
        let rounds = 0;
        for (;;) {
          const { groups } = plan(live, { coldSequence }, limits);
          if (groups.length === 0) break;
          live = applyPlan(live, groups);
          rounds += 1;
          expect(rounds).toBeLessThanOrEqual(5);
        }
        for (const partition of Map.groupBy(
          live,
          ({ specId, partition }) => `${specId} ${String(partition[0])}`,
        ).values()) {
          const small = partition.filter(({ fileSizeInBytes }) => Number(fileSizeInBytes) < 0.75 * LIMITS.targetBytes);
          expect(small.length).toBeLessThanOrEqual(Math.max(4, 4 * (hotFiles - 1)));
        }
      }),
    );
  });
});

/** As the column engine would: each group's bytes in so many equal files, under the current spec, without the deletes. */
function applyPlan(live: readonly LiveDataFile[], groups: readonly RewriteGroup[]): readonly LiveDataFile[] {
  const gone = new Set(groups.flatMap((group) => group.files));
  const made = groups.flatMap((group) =>
    many(group.filesAfter, Number(group.bytes) / MIB / group.filesAfter, {
      partition: group.partition,
      sequenceNumber: 21n,
    }),
  );
  return [...live.filter((file) => !gone.has(file)), ...made];
}

describe('an arrangement', () => {
  const own = { sortOrder: { orderId: 3, fields: [] } };
  const other = { sortOrder: { orderId: 0, fields: [] } };

  it('takes every file of each partition, whatever its size and age, and says how its rows are to stand', () => {
    const [one, two] = [[...many(3, 100), ...many(2, 200), ...many(1, 1)], many(2, 100, { partition: [1] })];
    const { groups, isSorted } = plan([...one, ...two], { rowOrder: other, coldSequence: 0n });
    expect(groups).toMatchObject([
      { files: one, reasons: ['order'], rowOrder: other, filesAfter: 5 },
      { files: two, reasons: ['order'], rowOrder: other },
    ]);
    expect(isSorted).toBe(true);
  });

  it('leaves a file alone that stands in the order of the table by itself, and no other', () => {
    const done = { sortOrderId: 3 };
    expect(plan(many(1, 100, done), { rowOrder: own }).groups).toEqual([]);
    expect(plan(many(1, 100), { rowOrder: own }).groups).toHaveLength(1);
    expect(plan(many(1, 100, { sortOrderId: 2 }), { rowOrder: own }).groups).toHaveLength(1);
    expect(plan(many(1, 300, done), { rowOrder: own }).groups).toHaveLength(1);
    expect(plan(many(2, 100, done), { rowOrder: own }).groups).toHaveLength(1);
    expect(plan(many(1, 100, { sortOrderId: 0 }), { rowOrder: other }).groups).toHaveLength(1);
    const heavy = { ...done, deletes: [deleteOf(500_000)] };
    expect(plan(many(1, 100, heavy), { rowOrder: own }).groups).toHaveLength(1);
  });

  it('keeps groups within their size', () => {
    const { groups } = plan(many(30, 100), { rowOrder: own });
    expect(groups).toHaveLength(3);
    for (const { bytes } of groups) expect(Number(bytes)).toBeLessThanOrEqual(LIMITS.maxGroupBytes);
  });
});

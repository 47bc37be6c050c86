/** What is expected of a compaction, before and after the first was measured. */
import { expect, test } from 'vitest';
import type { DeleteFile, LiveDataFile } from '../../../src/contracts/maintenance.ts';
import { CompactionExperience } from '../../../src/maintenance/compaction-estimate.ts';
import { planCompaction } from '../../../src/maintenance/compaction-plan.ts';

const MIB = 1024 * 1024;
const deleted: DeleteFile = {
  kind: 'position',
  format: 'parquet',
  filePath: 's3://b/t/deletes.parquet',
  sequenceNumber: 2n,
  equalityIds: [],
  recordCount: 300n,
  fileSizeInBytes: 1000n,
};
const files = Array.from({ length: 10 }, (_, at): LiveDataFile => ({
  filePath: `s3://b/t/${at}.parquet`,
  format: 'parquet',
  specId: 0,
  partition: [],
  recordCount: 1000n,
  fileSizeInBytes: BigInt(4 * MIB),
  sequenceNumber: 1n,
  deletes: at < 2 ? [deleted] : [],
  foundIn: 's3://b/t/m.avro',
}));
const planOf = (isSorted: boolean) =>
  planCompaction(
    { files, deletes: [deleted], specId: 0, coldSequence: 1n, isSorted, applied: new Map() },
    { targetBytes: 128 * MIB, minFiles: 5, hotFiles: 10, maxGroupBytes: 1024 * MIB },
  );

test('before anything was measured: 20 MiB a second, 10 where rows are sorted, and as many bytes as before', () => {
  expect(new CompactionExperience().estimate(planOf(false))).toEqual({
    groups: 1,
    files: 10,
    filesAfter: 1,
    filesSaved: 9,
    bytes: BigInt(40 * MIB),
    bytesSaved: 0n,
    rowsDeleted: 300n,
    deleteFilesRemoved: 1,
    seconds: 2,
  });
  expect(new CompactionExperience().estimate(planOf(true)).seconds).toBe(4);
});

test('afterwards as the latest went, sorted ones by themselves', () => {
  const experience = new CompactionExperience();
  for (let time = 0; time < 30; time += 1)
    experience.learn({ bytes: BigInt(80 * MIB) }, { bytesOut: BigInt(60 * MIB), seconds: 1 }, false);
  const { seconds, bytesSaved } = experience.estimate(planOf(false));
  expect(seconds).toBeCloseTo(0.5, 3);
  expect(Number(bytesSaved) / MIB).toBeCloseTo(10, 2);
  expect(experience.estimate(planOf(true)).seconds).toBe(4);
});

test('what took no time teaches nothing', () => {
  const experience = new CompactionExperience();
  experience.learn({ bytes: 1n }, { bytesOut: 1n, seconds: 0 }, false);
  experience.learn({ bytes: 0n }, { bytesOut: 0n, seconds: 1 }, false);
  expect(experience.estimate(planOf(false)).seconds).toBe(2);
});

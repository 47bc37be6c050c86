import { expect, it } from 'vitest';
import { epoch, generation, laneId, offset, snapshotId, tableUuid } from '../../../src/core/ids.ts';
import { appendSummary, progressSummary } from '../../../src/iceberg/summary.ts';
import { PIPELINE } from '../../support/iceberg/samples.ts';

const FACTS = {
  addedFiles: 2,
  addedRows: 20n,
  addedBytes: 2n ** 60n,
  changedPartitions: 1,
  manifestsCreated: 1,
  manifestsKept: 3,
  manifestsReplaced: 0,
};

it('starts totals at zero and carries 64 bits (checklist 9.4)', () => {
  expect(appendSummary(undefined, FACTS)).toEqual({
    operation: 'append',
    'added-data-files': '2',
    'added-records': '20',
    'added-files-size': '1152921504606846976',
    'changed-partition-count': '1',
    'total-records': '20',
    'total-files-size': '1152921504606846976',
    'total-data-files': '2',
    'total-delete-files': '0',
    'total-position-deletes': '0',
    'total-equality-deletes': '0',
    'manifests-created': '1',
    'manifests-kept': '3',
    'manifests-replaced': '0',
  });
});

it('carries totals on, and leaves out those it cannot know', () => {
  const next = appendSummary({ 'total-records': '5', 'total-files-size': 'many', 'total-delete-files': '3' }, FACTS);
  expect(next['total-records']).toBe('25');
  expect(next['total-delete-files']).toBe('3');
  expect(next).not.toHaveProperty('total-files-size');
  expect(next).not.toHaveProperty('total-data-files');
});

it('of an empty commit adds nothing', () => {
  const summary = appendSummary(
    { 'total-records': '5' },
    { ...FACTS, addedFiles: 0, addedRows: 0n, addedBytes: 0n, changedPartitions: 0 },
  );
  expect(summary).not.toHaveProperty('added-records');
  expect(summary['total-records']).toBe('5');
});

it('names pipeline, token, epoch and changed lanes only (protocol §4)', () => {
  const lanes = new Map([[laneId('one'), { next: offset(2n ** 60n), generation: generation(3) }]]);
  const all = new Map([...lanes, [laneId('two'), { next: offset(1), generation: generation(1) }]]);
  expect(
    progressSummary(
      { pipeline: PIPELINE, epoch: epoch(4), lanes },
      { pipeline: PIPELINE, epoch: epoch(4), token: snapshotId(2n ** 62n), table: tableUuid('x'), lanes: all },
    ),
  ).toEqual({
    'sluice.pipeline': 'main',
    'sluice.token': '4611686018427387904',
    'sluice.epoch': '4',
    'sluice.lanes': '{"one":["1152921504606846976","3"]}',
  });
});

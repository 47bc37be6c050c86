/** From settings to what has tables looked after by itself: each kind goes by its own figures, and by none when it is switched off. */
import { expect, test } from 'vitest';
import { loadSettings } from '../../../src/config/load.ts';
import { dutiesOf, levelsOf } from '../../../src/service/maintenance-triggers.ts';
import { surveyInOrder } from '../../support/diagnosis.ts';

const duties = (yaml: string) => dutiesOf(loadSettings('f.yaml', { env: {}, readFile: () => yaml, directory: '/srv' }));

test('each kind goes by its own figures, inside and outside of the windows', () => {
  const all = duties('');
  expect(all.compact).toMatchObject({
    schedule: '* * * * *',
    afterCommits: 10,
    afterBytes: 1024 ** 3,
    afterMs: 600_000,
    thresholds: { smallFiles: 500, smallFilesRatio: 0.5, deletesRatio: 0.1 },
    urgent: { smallFilesRatio: 0.9, deletesRatio: 0.3 },
  });
  expect(all['expire-snapshots']).toMatchObject({ thresholds: { snapshots: 2_000 }, urgent: { snapshots: 10_000 } });
  expect(all['rewrite-manifests']).toMatchObject({ thresholds: { manifests: 500 }, urgent: { manifests: 2_000 } });
  // An orphan takes no health, so nothing about it is urgent.
  expect(all['remove-orphans']).toMatchObject({ thresholds: {}, urgent: {} });
});

test('what is switched off, or cannot be done, is not looked at', () => {
  const off = duties(
    'maintenance: {compaction: {enabled: false}, expiry: {enabled: false}, manifests: {enabled: false}, orphans: {enabled: false}}',
  );
  expect(Object.values(off)).toEqual([undefined, undefined, undefined, undefined]);
  const plain = duties('encoder: parquetjs');
  expect(plain.compact).toBeUndefined();
  expect(plain['expire-snapshots']).toBeDefined();
});

test('figures are those of the health score', () => {
  expect(levelsOf(undefined)).toBeUndefined();
  const survey = { ...surveyInOrder, files: 100, sparableFiles: 60, records: 1_000n, deleteRows: 200n, manifests: 7 };
  expect(levelsOf(survey)).toEqual({
    measuredAt: survey.measuredAt,
    bytes: survey.bytes,
    smallFiles: 60,
    smallFilesRatio: 0.6,
    deletesRatio: 0.2,
    snapshots: 100,
    manifests: 7,
  });
  // Fewer files than cost a reader anything.
  expect(levelsOf({ ...survey, files: 19, sparableFiles: 18 })?.smallFilesRatio).toBe(0);
});

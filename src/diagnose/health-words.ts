/** What each cause of a lost point stands on and what mends it, in figures and words. Pure. What it costs is `health.ts`. */
import type { HealthFactor, TableSurvey } from '../contracts/diagnosis.ts';
import type { HealthCause } from '../contracts/health.ts';
import { evidence } from './rule.ts';

type Words = Pick<HealthFactor, 'evidence' | 'remedy' | 'command'>;

export function wordsOf(cause: HealthCause, survey: TableSurvey, table: string): Words {
  switch (cause) {
    case 'small-files':
      return {
        evidence: [
          evidence('files a compaction would spare', survey.sparableFiles),
          evidence('files', survey.files),
          evidence('mean size', survey.bytes / Math.max(1, survey.files), 'bytes'),
          evidence('target size', survey.targetBytes, 'bytes'),
        ],
        remedy: 'merge them; a longer `checkpoint.interval` makes fewer',
        command: `sluice compact ${table}`,
      };
    case 'deletes':
      return {
        evidence: [
          evidence('rows in delete files', Number(survey.deleteRows), 'records'),
          evidence('rows in data files', Number(survey.records), 'records'),
          evidence('delete files', survey.deleteFiles),
        ],
        remedy: 'apply them: until then every reader does',
        command: `sluice compact ${table}`,
      };
    case 'skew':
      return {
        evidence: [
          evidence('largest partition', survey.partitions.largestBytes, 'bytes'),
          evidence('median partition', survey.partitions.medianBytes, 'bytes'),
          evidence('partitions', survey.partitions.count),
        ],
        remedy: 'no command mends this: add a bucket transform over a column with many values to the partition spec',
        command: `sluice describe ${table}`,
      };
    case 'snapshots':
      return {
        evidence: [evidence('snapshots', survey.snapshots), evidence('metadata file', survey.metadataBytes, 'bytes')],
        remedy: 'forget old ones: every commit writes all of them anew',
        command: `sluice expire ${table}`,
      };
    case 'manifests':
      return {
        evidence: [evidence('manifests', survey.manifests), evidence('files', survey.files)],
        remedy: 'cluster them by partition, so that readers open fewer',
        command: `sluice manifests ${table}`,
      };
  }
}

/** Rules about what a table is made of: files, deletes, metadata, partitions. */
import type { TableFacts, TableSurvey } from '../../contracts/diagnosis.ts';
import { deleteRatio, skew, smallFilesRatio, sparableRatio } from '../health.ts';
import { evidence, percent, tableOf, tableRule, verdict } from '../rule.ts';

const SMALL_SHARE = 0.5;
const DELETE_SHARE = 0.1;
const MANY_SNAPSHOTS = 2_000;
const MANY_MANIFESTS = 500;
const LARGE_METADATA = 16 * 1024 * 1024;
const MANY_PARTITIONS = 100;
const LARGE_SKEW = 50;
/** Part of what the progress property may have. */
const PROGRESS_SHARE = 0.75;

const surveyRule = (
  name: string,
  judge: (survey: TableSurvey, table: TableFacts) => ReturnType<typeof verdict> | undefined,
) => tableRule(name, (table) => (table.survey === undefined ? undefined : judge(table.survey, table)));

export const smallFiles = surveyRule('small-files', (survey, table) => {
  const small = smallFilesRatio(survey);
  if (small < SMALL_SHARE || sparableRatio(survey) === 0) return undefined;
  const partitions = partitionsPerCommit(survey);
  const why =
    partitions !== undefined && partitions >= 8
      ? `each commit opens ${Math.round(partitions)} partitions`
      : 'commits are shorter than a file takes to fill';
  return verdict(
    'warning',
    `${percent(small)} % of the files of ${tableOf(table)} are below a quarter of their target: ${why}`,
    [
      evidence('small files', percent(small), '%', SMALL_SHARE * 100),
      evidence('files', survey.files),
      evidence('mean size', survey.files === 0 ? 0 : survey.bytes / survey.files, 'bytes'),
      evidence('small is below', survey.smallBytes, 'bytes'),
      evidence('files a compaction would spare', survey.sparableFiles),
      ...(partitions === undefined ? [] : [evidence('partitions a commit', partitions)]),
      evidence('files looked at', survey.sampledFiles),
    ],
    `raise \`checkpoint.interval\`${partitions !== undefined && partitions >= 8 ? ', or partition by something coarser' : ''}; what is there is merged by the command`,
    `sluice compact ${tableOf(table)}`,
  );
});

export const deletePressure = surveyRule('delete-pressure', (survey, table) => {
  const share = deleteRatio(survey);
  if (share < DELETE_SHARE) return undefined;
  return verdict(
    'warning',
    `readers of ${tableOf(table)} apply deletes for ${percent(share)} % of its rows`,
    [
      evidence('deleted rows', percent(share), '%', DELETE_SHARE * 100),
      evidence('delete files', survey.deleteFiles),
      evidence('rows in data files', Number(survey.records), 'records'),
    ],
    'apply them. Equality deletes are not read by every engine',
    `sluice compact ${tableOf(table)}`,
  );
});

export const metadataSprawl = surveyRule('metadata-sprawl', (survey, table) => {
  const { snapshots, manifests, metadataBytes } = survey;
  if (snapshots < MANY_SNAPSHOTS && manifests < MANY_MANIFESTS && metadataBytes < LARGE_METADATA) return undefined;
  const merging = table.survey !== undefined && manifests >= MANY_MANIFESTS;
  return verdict(
    'warning',
    `the metadata of ${tableOf(table)} has grown: every commit writes it, every reader reads it`,
    [
      evidence('snapshots', snapshots, '', MANY_SNAPSHOTS),
      evidence('manifests', manifests, '', MANY_MANIFESTS),
      evidence('metadata file', metadataBytes, 'bytes', LARGE_METADATA),
    ],
    merging
      ? `merge manifests, then expire old snapshots with \`sluice expire ${tableOf(table)}\``
      : 'expire old snapshots: every commit writes all of them anew',
    `sluice ${merging ? 'manifests' : 'expire'} ${tableOf(table)}`,
  );
});

export const partitionExplosion = surveyRule('partition-explosion', (survey, table) => {
  const each = partitionsPerCommit(survey);
  if (each === undefined || each < MANY_PARTITIONS) return undefined;
  return verdict(
    'warning',
    `each commit of ${tableOf(table)} writes into ${Math.round(each)} partitions, at least one file in each`,
    [
      evidence('partitions a commit', each, '', MANY_PARTITIONS),
      evidence('partitions', survey.partitions.count),
      evidence('files', survey.files),
    ],
    'partition by something coarser (day instead of hour, bucket instead of the value itself): any engine that reads the table can change its partition spec, and new files follow it',
    `sluice describe ${tableOf(table)}`,
  );
});

export const partitionSkew = surveyRule('partition-skew', (survey, table) => {
  const times = skew(survey);
  if (times < LARGE_SKEW) return undefined;
  return verdict(
    'warning',
    `the largest partition of ${tableOf(table)} is ${Math.round(times)} times the median one`,
    [
      evidence('largest to median', times, 'times', LARGE_SKEW),
      evidence('largest partition', survey.partitions.largestBytes, 'bytes'),
      evidence('median partition', survey.partitions.medianBytes, 'bytes'),
      evidence('partitions', survey.partitions.count),
    ],
    'add a bucket transform over a column with many values to the partition spec, so that the large one is spread',
    `sluice files ${tableOf(table)}`,
  );
});

/** Iceberg refuses times that go back, so a table ahead of this clock gets snapshots from the future. */
const AHEAD_SECONDS = 60;

export const metadataAhead = tableRule('metadata-ahead', (table, { now }) => {
  const newest = table.survey?.recent[0];
  const ahead = newest === undefined ? 0 : (newest.timestampMs - now) / 1000;
  if (ahead < AHEAD_SECONDS) return undefined;
  return verdict(
    'warning',
    `the last snapshot of ${tableOf(table)} is ${Math.round(ahead)} seconds in the future of this machine`,
    [evidence('ahead of the clock', ahead, 'seconds', AHEAD_SECONDS)],
    'set the clock of this machine, or of the one that wrote the snapshot; until then time travel and expiry by time are off by so much',
    `sluice snapshots ${tableOf(table)}`,
  );
});

export const progressBound = surveyRule('progress-bound', ({ progress }, table) => {
  const share = progress.bytes / progress.maxBytes;
  if (share < PROGRESS_SHARE) return undefined;
  return verdict(
    share >= 0.95 ? 'error' : 'warning',
    `the progress that ${tableOf(table)} keeps of its lanes nears the size at which commits are refused`,
    [evidence('progress property', progress.bytes, 'bytes', PROGRESS_SHARE * progress.maxBytes)],
    'restart the daemon less often: each start is a lane, and lanes leave the map a retention after they are committed',
    `sluice describe ${tableOf(table)}`,
  );
});

/** Mean over the recent snapshots that say so; undefined when none does. */
function partitionsPerCommit({ recent }: TableSurvey): number | undefined {
  const counts = recent.flatMap(({ operation, summary }) => {
    const count = Number(summary.get('changed-partition-count') ?? Number.NaN);
    return operation === 'append' && Number.isFinite(count) && count > 0 ? [count] : [];
  });
  return counts.length === 0 ? undefined : counts.reduce((total, count) => total + count, 0) / counts.length;
}

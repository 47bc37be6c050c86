/** Rules about where the seconds of a table's checkpoints go, and about attempts that are lost to others. */
import type { CheckpointRecord } from '../../contracts/service-ports.ts';
import type { TableFacts } from '../../contracts/diagnosis.ts';
import { writerOf } from '../writer.ts';
import { evidence, isoTime, percent, span, sum, tableOf, tableRule, verdict } from '../rule.ts';

/** One slow checkpoint is chance. */
const ENOUGH_CHECKPOINTS = 3;
const BOUND_SHARE = 0.6;
/** Part of the interval that checkpoints must take before where they spend it matters. */
const BUSY_SHARE = 0.5;
const SLOW_COMMIT_SECONDS = 1;
const SLOW_UPLOAD_SECONDS = 1;
const STORM_CONFLICTS = 10;

interface Phases {
  readonly write: number;
  readonly upload: number;
  readonly commit: number;
  readonly whole: number;
}

/** Mean seconds of the checkpoints seen; undefined when there are too few to speak of. */
function meanPhases(checkpoints: readonly CheckpointRecord[]): Phases | undefined {
  if (checkpoints.length < ENOUGH_CHECKPOINTS) return undefined;
  const mean = (phase: keyof CheckpointRecord['phases']): number =>
    sum(checkpoints.map(({ phases }) => phases[phase])) / checkpoints.length;
  const [write, upload, commit] = [mean('write'), mean('upload'), mean('commit')];
  return { write, upload, commit, whole: write + upload + commit };
}

const phaseEvidence = (phases: Phases, checkpoints: readonly CheckpointRecord[]) => [
  evidence('encode', phases.write, 'seconds'),
  evidence('upload', phases.upload, 'seconds'),
  evidence('commit', phases.commit, 'seconds'),
  evidence('checkpoints looked at', checkpoints.length),
];

export const commitBound = tableRule('commit-bound', (table, { settings }) => {
  const phases = meanPhases(table.checkpoints);
  if (phases === undefined || phases.commit / phases.whole < BOUND_SHARE) return undefined;
  const busy = phases.commit / (settings.checkpointIntervalMs / 1000);
  if (phases.commit < SLOW_COMMIT_SECONDS && busy < BUSY_SHARE) return undefined;
  return verdict(
    'warning',
    `commits of ${tableOf(table)} take ${phases.commit.toFixed(2)} seconds, ${percent(phases.commit / phases.whole)} % of a checkpoint`,
    [
      evidence('commit share', percent(phases.commit / phases.whole), '%', BOUND_SHARE * 100),
      ...phaseEvidence(phases, table.checkpoints),
    ],
    'raise `checkpoint.interval`, so that fewer commits carry more records; expire old snapshots if the metadata is large',
    `sluice snapshots ${tableOf(table)}`,
  );
});

export const encodeBound = tableRule('encode-bound', (table, { settings }) => {
  const phases = meanPhases(table.checkpoints);
  if (phases === undefined || phases.write / phases.whole < BOUND_SHARE) return undefined;
  const busy = phases.write / (settings.checkpointIntervalMs / 1000);
  if (busy < BUSY_SHARE) return undefined;
  return verdict(
    'warning',
    `encoding ${tableOf(table)} takes ${percent(busy)} % of the checkpoint interval: the processor is the limit`,
    [
      evidence('encode time per interval', percent(busy), '%', BUSY_SHARE * 100),
      ...phaseEvidence(phases, table.checkpoints),
    ],
    'set `file.compression` to snappy, sort by fewer columns, give the daemon more processors, or send part of the tables to a second one',
    `sluice describe ${tableOf(table)}`,
  );
});

export const uploadBound = tableRule('upload-bound', (table, { settings, store }) => {
  const phases = meanPhases(table.checkpoints);
  if (phases === undefined || phases.upload / phases.whole < BOUND_SHARE) return undefined;
  const busy = phases.upload / (settings.checkpointIntervalMs / 1000);
  if (phases.upload < SLOW_UPLOAD_SECONDS && busy < BUSY_SHARE) return undefined;
  const bytes = sum(table.checkpoints.map((record) => record.bytes));
  const seconds = sum(table.checkpoints.map((record) => record.phases.upload));
  return verdict(
    'warning',
    `uploads of ${tableOf(table)} take ${phases.upload.toFixed(2)} seconds a checkpoint, ${percent(phases.upload / phases.whole)} % of it`,
    [
      evidence('upload share', percent(phases.upload / phases.whole), '%', BOUND_SHARE * 100),
      evidence('throughput', seconds === 0 ? 0 : bytes / seconds, 'bytes/s'),
      evidence('slow-downs of the store', store.slowDowns),
      ...phaseEvidence(phases, table.checkpoints),
    ],
    'put the daemon near the bucket, raise `storage.s3.part_size`, and write fewer, larger files with a longer `checkpoint.interval`',
    'sluice validate',
  );
});

export const conflictStorm = tableRule('conflict-storm', (table, daemon) => {
  const { committed, conflicts } = table.attempts;
  if (conflicts < STORM_CONFLICTS || conflicts < committed) return undefined;
  const others = foreignWriters(table, daemon.pipeline);
  const [first] = others;
  const who =
    first === undefined
      ? 'a writer that left no snapshot (it changes properties or schema, or its snapshots are expired)'
      : `${first.writer} (${first.commits} of the last ${table.survey?.recent.length ?? 0} commits, ${first.operation} at ${isoTime(first.lastAt)})`;
  return verdict(
    'warning',
    `commits of ${tableOf(table)} lose to another writer: ${who}`,
    [
      evidence('lost attempts', conflicts, '', STORM_CONFLICTS),
      evidence('commits', committed),
      evidence('over', daemon.windowSeconds, 'seconds'),
      ...others.map(({ writer, commits }) => evidence(writer, commits, 'commits')),
    ],
    `let the other writer commit less often than every ${span(daemon.settings.checkpointIntervalMs / 1000)}, or raise \`checkpoint.interval\`; no record is lost meanwhile`,
    `sluice snapshots ${tableOf(table)}`,
  );
});

interface ForeignWriter {
  readonly writer: string;
  readonly commits: number;
  readonly operation: string;
  readonly lastAt: number;
}

/** Writers of recent snapshots that are not this pipeline, busiest first. */
function foreignWriters({ survey }: TableFacts, pipeline: string): readonly ForeignWriter[] {
  const writers = new Map<string, ForeignWriter>();
  for (const { summary, operation, timestampMs } of survey?.recent ?? []) {
    if (summary.get('sluice.pipeline') === pipeline) continue;
    const writer = writerOf(summary);
    const known = writers.get(writer);
    writers.set(writer, {
      writer,
      commits: (known?.commits ?? 0) + 1,
      // Newest first: what was seen first is the last that happened.
      operation: known?.operation ?? operation,
      lastAt: known?.lastAt ?? timestampMs,
    });
  }
  return [...writers.values()].sort((a, b) => b.commits - a.commits);
}

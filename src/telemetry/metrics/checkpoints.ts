/** Series of checkpoints and commits. */
import { Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../contracts/metrics.ts';
import type { TableSeries } from './table-series.ts';

const PHASE_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
const FRESHNESS_BUCKETS = [0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 900, 3600];

export function checkpointMetrics(
  registry: Registry,
  tables: TableSeries,
): Pick<Metrics, 'checkpoint' | 'checkpointFailed' | 'commitAttempt'> {
  const phases = new Histogram({
    name: 'sluice_checkpoint_duration_seconds',
    help: 'Seconds of each phase of a checkpoint of one table: encode, upload, commit.',
    labelNames: ['phase'],
    buckets: PHASE_BUCKETS,
    registers: [registry],
  });
  const freshness = tables.histogram(
    {
      name: 'sluice_commit_freshness_seconds',
      help: 'From the arrival of the oldest record of a commit to its visibility in the table.',
    },
    FRESHNESS_BUCKETS,
  );
  const commits = tables.counter({
    name: 'sluice_commits_total',
    help: 'Checkpoints of a table by result: committed, or why not.',
    labelNames: ['result'],
  });
  const attempts = tables.counter({
    name: 'sluice_commit_attempts_total',
    help: 'Compare-and-swaps on a table by outcome.',
    labelNames: ['outcome'],
  });
  const records = tables.counter({
    name: 'sluice_committed_records_total',
    help: 'Records that checkpoints put into the table.',
  });
  const bytes = tables.counter({
    name: 'sluice_written_bytes_total',
    help: 'Bytes of data files that checkpoints put into the table.',
  });
  const files = tables.counter({
    name: 'sluice_written_files_total',
    help: 'Data files that checkpoints put into the table.',
  });

  return {
    checkpoint: (record) => {
      commits(record.table, 1, { result: record.result });
      phases.observe({ phase: 'encode' }, record.phases.write);
      phases.observe({ phase: 'upload' }, record.phases.upload);
      phases.observe({ phase: 'commit' }, record.phases.commit);
      if (record.result !== 'committed') return;
      if (record.freshnessSeconds !== undefined) freshness(record.table, record.freshnessSeconds);
      records(record.table, record.records);
      bytes(record.table, record.bytes);
      files(record.table, record.files);
    },
    checkpointFailed: (table, cause) => commits(table, 1, { result: cause }),
    commitAttempt: (table, outcome) => attempts(table, 1, { outcome }),
  };
}

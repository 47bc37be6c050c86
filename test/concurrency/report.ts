/** A soak's figures as the page that is kept of it. */
import { cpus, loadavg } from 'node:os';
import { quantile } from '../bench/measure.ts';
import type { SoakResult } from './soak.ts';
import { MOST_SMALL_FILES, SMALL_FILES } from './tables.ts';

export function report(result: SoakResult, minutes: number, seed: number): string {
  const { attempts, jobs, readers, small } = result;
  const listed = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name}: ${count}`)
      .join(', ');
  return [
    `\`npm run soak:concurrency -- --minutes ${minutes} --seed ${seed}\` · ${cpus().length} × ${cpus()[0]?.model.replace(/ (Processor|\d+-Core).*/, '') ?? ''}, Node ${process.versions.node}, load average ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}`,
    '',
    `Violations: ${result.violations.length}. Warnings in the log: ${listed(result.warnings) || 'none'}.`,
    '',
    '| figure | |',
    '|---|---|',
    `| \`kill -9\` of the daemon | ${result.kills} |`,
    `| our requests, records acknowledged | ${result.requests}, ${result.acknowledgedRecords} |`,
    `| rows of foreign engines, rows that they deleted | ${result.foreignRows}, ${result.deletedRows} |`,
    `| statements of foreign engines | ${listed(attempts.counts)} |`,
    `| our jobs that were done | ${listed(jobs.done)} |`,
    `| files that our compaction merged, into; groups committed, dropped | ${jobs.sum('files_removed')}, ${jobs.sum('files_added')}; ${jobs.sum('groups_committed')}, ${jobs.sum('groups_dropped')} |`,
    `| snapshots that we expired, objects deleted | ${jobs.sum('snapshots_expired')}, ${jobs.sum('objects_deleted')} |`,
    `| reads | ${listed(readers.reads)}; ${result.keptSnapshots} snapshots kept |`,
    `| a read of the current table by DuckDB, p50 / p99 | ${quantile(readers.readMs, 0.5).toFixed(0)} / ${quantile(readers.readMs, 0.99).toFixed(0)} ms |`,
    `| data files of a table, most | ${small.mostFiles} |`,
    `| small files of a partition, most | ${small.most}; the bound is ${MOST_SMALL_FILES} |`,
    `| longest with more than ${SMALL_FILES} small files that were there already, in a partition | ${small.longestS.toFixed(1)} s |`,
    '',
    ...result.violations.map((violation) => `- ${violation}`),
  ].join('\n');
}

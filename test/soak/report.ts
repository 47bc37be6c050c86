/** A soak's figures as the page that is kept of it. */
import { cpus, loadavg } from 'node:os';
import type { SoakResult } from './soak.ts';
import { thirdsOf, type Figure } from './verdicts.ts';

const mebi = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;
const whole = (value: number): string => String(Math.round(value));
const seconds = (value: number): string => `${value.toFixed(2)} s`;

const ROWS: readonly (readonly [Figure, string, (value: number) => string])[] = [
  ['rssBytes', 'memory of the process (RSS)', mebi],
  ['heapBytes', 'objects and buffers of JavaScript, with garbage', mebi],
  ['nativeBytes', 'memory outside of JavaScript', mebi],
  ['files', 'open files, pipes, queues', whole],
  ['sockets', 'open sockets', whole],
  ['threads', 'threads', whole],
  ['logBytes', 'log on disk', mebi],
  ['segments', 'segments of the log', whole],
  ['spoolBytes', 'spool', mebi],
  ['ownObjects', 'checkpoint records and producer state', whole],
  ['plainSeries', 'series without a table', whole],
  ['loopDelaySeconds', 'event loop delay, p99 of a second', seconds],
  ['freshnessSeconds', 'oldest record not yet in its table', seconds],
  ['commits', 'checkpoints, all tables', whole],
  ['tableFiles', 'files of the tables, live or not', whole],
  ['metadataBytes', 'largest metadata file', mebi],
];

export function report(result: SoakResult, minutes: number, seed: number): string {
  const { samples, rest } = result;
  const rows = ROWS.map(([figure, name, text]) => {
    const { start, middle, end, most } = thirdsOf(samples, figure);
    const figures = [rest.before[figure], start, middle, end, most, rest.after[figure]];
    return `| ${name} | ${figures.map(text).join(' | ')} |`;
  });
  const load = loadavg().map((value) => value.toFixed(1));
  const statuses = [...result.statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  const warnings = [...result.warnings].map(([message, count]) => `${message} (${count})`);
  return [
    `\`npm run soak -- --minutes ${minutes} --seed ${seed}\` · ${cpus().length} × ${cpus()[0]?.model.replace(/ (Processor|\d+-Core).*/, '') ?? ''}, Node ${process.versions.node}, load average ${load.join(' ')}`,
    '',
    `${result.requests} requests, ${result.acknowledgedRecords} records acknowledged (${result.acknowledgedDeadLetters} of them dead letters); a checkpoint every ${result.intervalMs} ms; answers ${statuses.join(', ')}.`,
    `Objects and buffers of JavaScript after a full collection: ${mebi(result.kept.afterFirstThird)} after the first third, ${mebi(result.kept.atEnd)} at the end.`,
    `Warnings in the log: ${warnings.length === 0 ? 'none' : warnings.join('; ')}. Violations: ${result.violations.length}.`,
    '',
    '| figure | at rest before | first third | middle | last third | most | at rest after |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...result.violations.map((violation) => `- ${violation}`),
  ].join('\n');
}

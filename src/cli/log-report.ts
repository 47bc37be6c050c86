/** The summary of a log as commands need it: read from the disk, with the tables' own word where they can be read; printed or as JSON. */
import type { Settings } from '../config/settings.ts';
import { messageOf } from '../core/errors.ts';
import { inspectLog } from '../lane/inspect-log.ts';
import { summariseLog, type LogSummary } from '../lane/log-summary.ts';
import { NodeDisk } from '../lane/node-disk.ts';
import type { CommandContext } from './command-context.ts';
import type { Column, Terminal } from './terminal.ts';
import { formatTable, grouped, humanBytes } from './terminal.ts';

export interface LogReport {
  readonly directory: string;
  readonly summary: LogSummary;
  /** Why it is not known what is pending, when it is not. */
  readonly tablesUnread?: string;
}

/** Rejects only when the disk fails. */
export async function readLogReport({ deps }: CommandContext, settings: Settings): Promise<LogReport> {
  const directory = settings.log.dir;
  const read = await deps.readStandings(settings).then(
    (standings) => ({ standings }),
    (error: unknown) => ({ standings: undefined, tablesUnread: messageOf(error) }),
  );
  const summary = await summariseLog(inspectLog(new NodeDisk(), directory), read.standings);
  return { directory, summary, ...('tablesUnread' in read ? { tablesUnread: read.tablesUnread } : {}) };
}

export const logReportJson = ({ directory, summary, tablesUnread }: LogReport) => ({
  directory,
  bytes: String(summary.bytes),
  ...(tablesUnread === undefined ? {} : { tables_unread: tablesUnread }),
  segments: summary.segments.map(({ file, lane, bytes, frames, oldestAt, newestAt }) => ({
    file,
    lane,
    bytes: String(bytes),
    frames,
    ...(oldestAt === undefined ? {} : { oldest_at: isoTime(oldestAt) }),
    ...(newestAt === undefined ? {} : { newest_at: isoTime(newestAt) }),
  })),
  lanes: summary.lanes,
  tables: summary.tables.map(({ table, name, records, bytes, pendingRecords, pendingBytes, oldestAt, parked }) => ({
    table_uuid: table,
    ...(name === undefined ? {} : { table: name }),
    records: String(records),
    bytes: String(bytes),
    ...(pendingRecords === undefined ? {} : { pending_records: String(pendingRecords) }),
    ...(pendingBytes === undefined ? {} : { pending_bytes: String(pendingBytes) }),
    ...(oldestAt === undefined ? {} : { oldest_at: isoTime(oldestAt) }),
    parked,
  })),
  parked: summary.parked.map(({ file, table, lane, first, end, bytes }) => ({
    file,
    table_uuid: table,
    lane,
    first,
    end,
    bytes: String(bytes),
  })),
  damaged: summary.damaged,
});

export function printLogReport(terminal: Terminal, report: LogReport): void {
  if (terminal.format === 'json') {
    terminal.json(logReportJson(report));
    return;
  }
  const { summary, tablesUnread } = report;
  const { clock, stdout } = terminal.io;
  const now = clock.now();
  const print = <T>(rows: readonly T[], columns: readonly Column<T>[], isAlways = false): void => {
    if (rows.length > 0 || isAlways) stdout.write(`${formatTable(rows, columns)}\n`);
  };
  print(
    summary.tables,
    [
      { title: 'TABLE', value: ({ name, table }) => name ?? table },
      { title: 'PENDING', value: ({ pendingRecords }) => records(pendingRecords), align: 'right' },
      { title: 'BYTES', value: ({ pendingBytes }) => bytesOrUnknown(pendingBytes), align: 'right' },
      { title: 'OLDEST', value: ({ oldestAt }) => ageOf(oldestAt, now), align: 'right' },
      { title: 'HELD', value: (row) => grouped(row.records), align: 'right' },
      { title: 'BYTES', value: ({ bytes }) => humanBytes(bytes), align: 'right' },
      { title: 'PARKED', value: ({ parked }) => (parked ? 'yes' : 'no') },
    ],
    true,
  );
  print(summary.lanes, [
    { title: 'LANE', value: ({ lane }) => lane },
    { title: 'FIRST', value: ({ first }) => first, align: 'right' },
    { title: 'END', value: ({ end }) => end, align: 'right' },
    { title: 'RECORDS', value: (row) => grouped(row.records), align: 'right' },
  ]);
  print(summary.segments, [
    { title: 'FILE', value: ({ file }) => file },
    { title: 'SIZE', value: ({ bytes }) => humanBytes(bytes), align: 'right' },
    { title: 'FRAMES', value: ({ frames }) => grouped(frames), align: 'right' },
    { title: 'OLDEST', value: ({ oldestAt }) => ageOf(oldestAt, now), align: 'right' },
    { title: 'LANE', value: ({ lane }) => lane },
  ]);
  print(summary.parked, [
    { title: 'PARKED FILE', value: ({ file }) => file },
    { title: 'TABLE', value: ({ table }) => table },
    { title: 'FROM', value: ({ first }) => first, align: 'right' },
    { title: 'TO', value: ({ end }) => end, align: 'right' },
    { title: 'SIZE', value: ({ bytes }) => humanBytes(bytes), align: 'right' },
  ]);
  print(summary.damaged, [
    { title: 'DAMAGED', value: ({ file }) => file },
    { title: 'START', value: ({ start }) => start, align: 'right' },
    { title: 'END', value: ({ end }) => end, align: 'right' },
    { title: 'PART', value: ({ kind }) => kind },
    { title: 'WHY', value: ({ why }) => why },
  ]);
  if (tablesUnread !== undefined) terminal.note(`what is pending is not known: ${tablesUnread}`);
}

const records = (count: number | undefined): string => (count === undefined ? '?' : grouped(count));
const bytesOrUnknown = (bytes: number | undefined): string => (bytes === undefined ? '?' : humanBytes(bytes));
const ageOf = (at: number | undefined, now: number): string | undefined =>
  at === undefined ? undefined : `${Math.max(0, (now - at) / 1000).toFixed(0)}s`;
const isoTime = (ms: number): string => new Date(ms).toISOString();

/** One picture of a daemon as `sluice top` shows it: budgets, tables worst first, the first findings. Pure; owns no terminal. */
import type { DiagnosedTableJson, DiagnosisJson } from './finding-json.ts';
import { healthText } from './health-text.ts';
import { cell, formatTable, grouped, humanBytes } from './terminal.ts';

const FINDINGS_SHOWN = 5;
const BAR = 20;
const HEADER_LINES = 7;

export interface FrameSize {
  readonly columns: number;
  /** Undefined: as many as there are. */
  readonly rows?: number;
}

/** Lines without line ends, none wider than the screen. */
export function frameOf(url: string, diagnosis: DiagnosisJson, { columns, rows }: FrameSize): readonly string[] {
  const { daemon, findings, tables } = diagnosis;
  const { log, memory } = daemon;
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
  const head = [
    `sluice top  ${url}  ${diagnosis.at}  ${daemon.ready ? 'ready' : 'NOT READY'}  ${count('error')} errors, ${count('warning')} warnings`,
    '',
    log === undefined
      ? 'log      starting'
      : `log      ${bar(log.bytes, log.max_bytes)}  ${log.parked_tables} tables parked`,
    `bodies   ${bar(memory.bodies_used_bytes, memory.bodies_limit_bytes)}`,
    `process  ${bar(memory.resident_bytes, memory.machine_bytes)}  heap ${humanBytes(memory.heap_used_bytes)} of ${humanBytes(memory.heap_limit_bytes)}`,
    `loop     ${(daemon.event_loop.p99_seconds * 1000).toFixed(0)} ms (99th percentile), ${(daemon.event_loop.max_seconds * 1000).toFixed(0)} ms at most`,
    '',
  ];
  const shown = findings.slice(0, FINDINGS_SHOWN);
  const foot = shown.length === 0 ? [] : ['', ...shown.map(({ severity, verdict }) => `${severity}: ${cell(verdict)}`)];
  const room = rows === undefined ? tables.length : Math.max(1, rows - HEADER_LINES - foot.length - 3);
  const listed = [...tables].sort(byNeed).slice(0, room);
  const left = tables.length - listed.length;
  const body = formatTable(listed, COLUMNS).trimEnd().split('\n');
  const more = left === 0 ? [] : [`and ${left} more`];
  return [...head, ...body, ...more, ...foot].map((line) => line.slice(0, columns));
}

const COLUMNS = [
  { title: 'TABLE', value: ({ table }: DiagnosedTableJson) => table },
  { title: 'STATE', value: ({ state }: DiagnosedTableJson) => state },
  {
    title: 'ROWS/S',
    value: (row: DiagnosedTableJson) => grouped(Math.round(row.records_per_second)),
    align: 'right' as const,
  },
  { title: 'LAG', value: (row: DiagnosedTableJson) => grouped(row.lag_records), align: 'right' as const },
  {
    title: 'FRESHNESS',
    value: (row: DiagnosedTableJson) => `${row.freshness_seconds.toFixed(1)}s`,
    align: 'right' as const,
  },
  { title: 'HEALTH', value: (row: DiagnosedTableJson) => healthText(row), align: 'right' as const },
  { title: 'LAST COMMIT', value: (row: DiagnosedTableJson) => row.last_commit?.committed_at },
];

/** What is broken first, then what is busy. */
function byNeed(a: DiagnosedTableJson, b: DiagnosedTableJson): number {
  const broken = (row: DiagnosedTableJson): number => (row.state === 'running' ? 1 : 0);
  return (
    broken(a) - broken(b) ||
    b.records_per_second - a.records_per_second ||
    Number(b.lag_records) - Number(a.lag_records) ||
    (a.table < b.table ? -1 : 1)
  );
}

/** `[####................]  20 %  of 4.0 GiB` */
function bar(used: string, limit: string): string {
  const share = Number(limit) === 0 ? 0 : Math.min(1, Number(used) / Number(limit));
  const full = Math.round(share * BAR);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${String(Math.round(share * 100)).padStart(3)} % of ${humanBytes(limit)}`;
}

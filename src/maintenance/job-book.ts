/**
 * Jobs over the lives of the daemon, in a journal: a line when one begins to run and one when it has ended, with what it cost and gained.
 * Owns the form of a line and what a job without an end means; what is remembered while the daemon runs is `jobs.ts`.
 */
import type { Journal, Line } from '../contracts/journal.ts';
import { JOB_KINDS, type Figures, type Job } from '../contracts/maintenance-port.ts';
import { formatTableName } from '../core/ids.ts';
import { parseTableName } from '../record/table-name.ts';
import { isRecord } from '../record/type-text.ts';
import { REMEMBERED, hasEnded } from './jobs.ts';

const LINES_A_JOB = 2;

/** The jobs of earlier lives, oldest first. One that has no end was cut off with the daemon, and is cancelled. */
export async function rememberedJobs(journal: Journal): Promise<readonly Job[]> {
  const jobs = new Map<string, Job>();
  // Latest first: the end of a job before its beginning.
  for (const line of await journal.latest(LINES_A_JOB * REMEMBERED)) {
    const job = readJob(line);
    if (job !== undefined && !jobs.has(job.id)) jobs.set(job.id, hasEnded(job) ? job : cutOff(job));
  }
  return [...jobs.values()].toReversed();
}

/** At its beginning and at its end. */
export const noteJob = (journal: Journal, { table, estimate, result, ...job }: Job): void =>
  journal.append({
    ...job,
    table: formatTableName(table),
    estimate: figuresLine(estimate),
    ...(result === undefined ? {} : { result: figuresLine(result) }),
  });

const cutOff = (job: Job): Job => ({
  ...job,
  state: 'cancelled',
  error: 'the daemon ended while it ran; what it had committed stays',
});

/** 64-bit figures are text, and come back as what they were. */
const figuresLine = (figures: Figures): Line =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );

/** Undefined for a line of another version, or none of ours. */
function readJob(line: Line): Job | undefined {
  const { table: name, estimate, result, ...rest } = line;
  const table = typeof name === 'string' ? parseTableName(name) : undefined;
  const figures = readFigures(estimate);
  const gained = result === undefined ? undefined : readFigures(result);
  if (table === undefined || figures === undefined || (result !== undefined && gained === undefined)) return undefined;
  if (!isJobLine(rest)) return undefined;
  return { ...rest, table, estimate: figures, ...(gained === undefined ? {} : { result: gained }) };
}

type PlainParts = Omit<Job, 'table' | 'estimate' | 'result'>;

const STATES: ReadonlySet<unknown> = new Set(['running', 'done', 'failed', 'cancelled']);
const TRIGGERS: ReadonlySet<unknown> = new Set(['schedule', 'threshold', 'request']);

function isJobLine(line: Line): line is Line & PlainParts {
  const { id, kind, trigger, state, createdAt, startedAt, endedAt, progress, log, error, reason, arrangement } = line;
  const isTime = (value: unknown): boolean => value === undefined || Number.isFinite(value);
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
  return (
    typeof id === 'string' &&
    (JOB_KINDS as readonly unknown[]).includes(kind) &&
    TRIGGERS.has(trigger) &&
    STATES.has(state) &&
    Number.isFinite(createdAt) &&
    [startedAt, endedAt].every(isTime) &&
    [error, reason].every(isText) &&
    (arrangement === undefined || isArrangement(arrangement)) &&
    isRecord(progress) &&
    ['done', 'total'].every((name) => Number.isFinite(progress[name])) &&
    (progress['unit'] === 'bytes' || progress['unit'] === 'objects') &&
    Array.isArray(log) &&
    log.every((entry) => isRecord(entry) && Number.isFinite(entry['at']) && typeof entry['line'] === 'string')
  );
}

function isArrangement(value: unknown): boolean {
  if (!isRecord(value) || !Array.isArray(value['columns'])) return false;
  const columns = value['columns'] as readonly unknown[];
  if (value['strategy'] === 'z-order') return columns.every((column) => typeof column === 'string');
  return (
    value['strategy'] === 'sort' &&
    columns.every(
      (column) =>
        isRecord(column) &&
        typeof column['name'] === 'string' &&
        (column['direction'] === 'asc' || column['direction'] === 'desc') &&
        (column['nullOrder'] === 'nulls-first' || column['nullOrder'] === 'nulls-last'),
    )
  );
}

function readFigures(value: unknown): Figures | undefined {
  if (!isRecord(value)) return undefined;
  const figures: Record<string, number | bigint> = {};
  for (const [name, figure] of Object.entries(value)) {
    if (typeof figure === 'number') figures[name] = figure;
    else if (typeof figure === 'string' && /^-?\d{1,20}$/.test(figure)) figures[name] = BigInt(figure);
    else return undefined;
  }
  return figures;
}

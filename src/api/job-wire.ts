/** Wire forms of jobs and figures: snake_case, 64-bit numbers as text, times as ISO 8601. */
import type { Figures, Job } from '../contracts/maintenance-port.ts';
import { formatTableName } from '../core/ids.ts';
import { arrangementJson } from './arrangement-query.ts';
import { isoTime } from './wire.ts';

/** With its log if it has one. */
export const jobJson = (job: Omit<Job, 'log'> & Partial<Pick<Job, 'log'>>) => ({
  job: job.id,
  table: formatTableName(job.table),
  kind: job.kind,
  trigger: job.trigger,
  ...(job.arrangement === undefined ? {} : arrangementJson(job.arrangement)),
  ...(job.reason === undefined ? {} : { reason: job.reason }),
  state: job.state,
  created_at: isoTime(job.createdAt),
  ...(job.startedAt === undefined ? {} : { started_at: isoTime(job.startedAt) }),
  ...(job.endedAt === undefined ? {} : { ended_at: isoTime(job.endedAt) }),
  progress: job.progress,
  estimate: figuresJson(job.estimate),
  ...(job.result === undefined ? {} : { result: figuresJson(job.result) }),
  ...(job.error === undefined ? {} : { error: job.error }),
  ...(job.log === undefined ? {} : { log: job.log.map(logLineJson) }),
});

export const logLineJson = ({ at, line }: Job['log'][number]) => ({ at: isoTime(at), line });

export const figuresJson = (figures: Figures): Readonly<Record<string, number | bigint>> =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [snakeCase(name), value]));

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Maintenance jobs as the API gives them, and their figures as people read them. */
import { grouped, humanBytes } from './terminal.ts';

/** Counts as numbers, 64-bit ones as text. */
export type FiguresJson = Readonly<Record<string, number | string>>;

export interface JobJson {
  readonly job: string;
  readonly table: string;
  readonly kind: string;
  readonly trigger: string;
  readonly strategy?: string;
  readonly columns?: readonly string[];
  readonly reason?: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly created_at: string;
  readonly started_at?: string;
  readonly ended_at?: string;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: 'bytes' | 'objects' };
  readonly estimate: FiguresJson;
  readonly result?: FiguresJson;
  readonly error?: string;
  readonly log?: readonly { readonly at: string; readonly line: string }[];
}

export const hasEnded = ({ state }: Pick<JobJson, 'state'>): boolean => state !== 'waiting' && state !== 'running';

/** `files after` and `12`, `bytes` and `1.5 MiB`, in the order of the answer. */
export const figureFacts = (figures: FiguresJson): readonly (readonly [string, string])[] =>
  Object.entries(figures).map(([name, value]) => [name.replaceAll('_', ' '), figureText(name, value)]);

function figureText(name: string, value: number | string): string {
  if (name.startsWith('bytes')) return humanBytes(value);
  if (name === 'seconds') return `${Number(value).toFixed(1)} s`;
  return grouped(value);
}

/** How long it ran; undefined while it has not ended, or when it never began. */
export const ranText = ({ started_at: from, ended_at: to }: JobJson): string | undefined =>
  from === undefined || to === undefined ? undefined : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`;

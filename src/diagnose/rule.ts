/** What a rule is, and how it words what it found. Owns no rule. */
import type { DaemonFacts, DiagnosisView, Evidence, Finding, Severity, TableFacts } from '../contracts/diagnosis.ts';
import { formatTableName } from '../core/ids.ts';

/** Looks at the whole daemon. */
export interface DaemonRule {
  readonly name: string;
  readonly of: 'daemon';
  readonly judge: (view: DiagnosisView) => Verdict | undefined;
}

/** Looks at one table. */
export interface TableRule {
  readonly name: string;
  readonly of: 'table';
  readonly judge: (table: TableFacts, daemon: DaemonFacts) => Verdict | undefined;
}

export type Rule = DaemonRule | TableRule;

export type Verdict = Omit<Finding, 'rule' | 'table'>;

export const daemonRule = (name: string, judge: DaemonRule['judge']): DaemonRule => ({ name, of: 'daemon', judge });

export const tableRule = (name: string, judge: TableRule['judge']): TableRule => ({ name, of: 'table', judge });

export const verdict = (
  severity: Severity,
  text: string,
  evidence: readonly Evidence[],
  remedy: string,
  command: string,
): Verdict => ({ severity, verdict: text, evidence, remedy, command });

export const evidence = (name: string, value: number | string, unit = '', threshold?: number): Evidence => ({
  name,
  value: typeof value === 'number' ? rounded(value) : value,
  unit,
  ...(threshold === undefined ? {} : { threshold: rounded(threshold) }),
});

export const tableOf = ({ status }: TableFacts): string => formatTableName(status.name);

export const percent = (ratio: number): number => rounded(ratio * 100);

/** Three significant digits behind the point are enough for people, and stay the same from run to run. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** `12 seconds`, `5 minutes`, `3 hours`, `2 days`. */
export function span(seconds: number): string {
  const [unit, size] = (
    [
      ['day', 86_400],
      ['hour', 3_600],
      ['minute', 60],
    ] as const
  ).find(([, length]) => seconds >= 2 * length) ?? ['second', 1];
  const count = Math.round(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

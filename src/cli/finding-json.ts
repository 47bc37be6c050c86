/** Findings and evidence as the API sends them, and as people read them. */
import { cell, grouped, humanBytes } from './terminal.ts';

export interface EvidenceJson {
  readonly name: string;
  readonly value: number | string;
  readonly unit: string;
  readonly threshold?: number;
}

export interface FindingJson {
  readonly rule: string;
  readonly table?: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly verdict: string;
  readonly evidence: readonly EvidenceJson[];
  readonly try: string;
  readonly command: string;
}

export interface DiagnosedTableJson {
  readonly table: string;
  readonly state: string;
  readonly reason?: string;
  readonly lag_records: string;
  readonly lag_bytes: string;
  readonly freshness_seconds: number;
  readonly health_score?: number;
  readonly health_worst?: string;
  readonly records_per_second: number;
  readonly last_commit?: { readonly committed_at: string };
}

export interface DiagnosisJson {
  readonly healthy: boolean;
  readonly at: string;
  readonly findings: readonly FindingJson[];
  readonly daemon: {
    readonly ready: boolean;
    readonly log?: { readonly bytes: string; readonly max_bytes: string; readonly parked_tables: number };
    readonly memory: {
      readonly bodies_used_bytes: string;
      readonly bodies_limit_bytes: string;
      readonly heap_used_bytes: string;
      readonly heap_limit_bytes: string;
      readonly resident_bytes: string;
      readonly machine_bytes: string;
    };
    readonly event_loop: { readonly p99_seconds: number; readonly max_seconds: number };
  };
  readonly tables: readonly DiagnosedTableJson[];
}

/** `1.5 MiB`, `90 % (from 50 % on)`. */
export function evidenceText({ value, unit, threshold }: EvidenceJson): string {
  if (typeof value === 'string') return cell(value);
  const show = (amount: number): string => {
    if (unit === 'bytes') return humanBytes(Math.round(amount));
    if (unit === 'bytes/s') return `${humanBytes(Math.round(amount))}/s`;
    return `${Number.isInteger(amount) ? grouped(amount) : amount}${unit === '' ? '' : ` ${unit}`}`;
  };
  return threshold === undefined ? show(value) : `${show(value)} (from ${show(threshold)} on)`;
}

/** From facts to ranked findings. Pure: the same view gives the same findings in the same order. Owns the list of rules, not what they say. */
import { SEVERITIES, type DiagnosisView, type Finding } from '../contracts/diagnosis.ts';
import type { Rule, Verdict } from './rule.ts';
import { tableOf } from './rule.ts';
import { commitBound, conflictStorm, encodeBound, uploadBound } from './rules/checkpoints.ts';
import {
  catalogUnreachable,
  clockBack,
  eventLoop,
  logFilling,
  memory,
  notReady,
  storeErrors,
  storeSlowDown,
} from './rules/daemon.ts';
import { deadLetterSpike, idle, parked, stalled, stopped, unreadable } from './rules/flow.ts';
import {
  deletePressure,
  metadataAhead,
  metadataSprawl,
  partitionExplosion,
  partitionSkew,
  progressBound,
  smallFiles,
} from './rules/layout.ts';

/** What stands first is told first among equals: causes before what they cause. */
export const RULES: readonly Rule[] = [
  notReady,
  catalogUnreachable,
  storeErrors,
  logFilling,
  memory,
  stopped,
  unreadable,
  stalled,
  parked,
  progressBound,
  storeSlowDown,
  eventLoop,
  clockBack,
  conflictStorm,
  deadLetterSpike,
  commitBound,
  uploadBound,
  encodeBound,
  partitionExplosion,
  smallFiles,
  deletePressure,
  metadataSprawl,
  partitionSkew,
  metadataAhead,
  idle,
];

export function diagnose(view: DiagnosisView): readonly Finding[] {
  const findings = RULES.flatMap((rule) => judged(rule, view));
  // The sort is stable: rules keep their order within a severity, tables theirs within a rule.
  return findings.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function judged(rule: Rule, view: DiagnosisView): Finding[] {
  if (rule.of === 'daemon') return named(rule.name, undefined, rule.judge(view));
  return view.tables.flatMap((table) => named(rule.name, tableOf(table), rule.judge(table, view.daemon)));
}

const named = (rule: string, table: string | undefined, verdict: Verdict | undefined): Finding[] =>
  verdict === undefined ? [] : [{ rule, ...(table === undefined ? {} : { table }), ...verdict }];

/**
 * Dashboard, alert rules and documents against the metric registry: none names a series, a label or a word that does not exist, and no
 * series is undocumented.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CheckpointFailure, CommitOutcomeWord, IngestResult } from '../../../src/contracts/metrics.ts';
import type { TableStatus } from '../../../src/contracts/service-ports.ts';
import { createMetrics } from '../../../src/telemetry/metrics/registry.ts';
import { namesIn } from '../../support/promql.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const METRICS = createMetrics({ version: '0' }).describe();
const OURS = METRICS.filter(({ name }) => name.startsWith('sluice_'));

/** Every series a scrape can have, with its labels; those of the scrape itself are Prometheus' own. */
const SERIES: ReadonlyMap<string, readonly string[]> = new Map(
  METRICS.flatMap(({ name, type, labels }): (readonly [string, readonly string[]])[] => {
    const own = [...labels, 'instance', 'job'];
    if (type !== 'histogram') return [[name, own]];
    return [
      [`${name}_bucket`, [...own, 'le']],
      [`${name}_sum`, own],
      [`${name}_count`, own],
    ];
  }),
);

const words = <T extends string>(all: Readonly<Record<T, true>>): readonly string[] => Object.keys(all);
const INGEST_RESULTS = words<IngestResult>({
  accepted: true,
  duplicate: true,
  refused: true,
  overloaded: true,
  failed: true,
});

/** Values of labels whose words are closed sets of ours. */
const VALUES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  sluice_ingest_records_total: { result: INGEST_RESULTS },
  sluice_ingest_requests_total: { result: INGEST_RESULTS },
  sluice_commits_total: {
    result: words<'committed' | 'failed' | CheckpointFailure>({
      committed: true,
      failed: true,
      write_failed: true,
      recut: true,
      stopped: true,
    }),
  },
  sluice_commit_attempts_total: {
    outcome: words<CommitOutcomeWord>({ committed: true, conflict: true, unknown: true }),
  },
  sluice_table_state: { state: words<TableStatus['state']>({ running: true, failing: true, stopped: true }) },
  sluice_wal_write_duration_seconds_bucket: { step: words<'append' | 'sync'>({ append: true, sync: true }) },
};

function mistakesIn(expression: string): readonly string[] {
  const { series, grouping } = namesIn(expression);
  const mistakes: string[] = [];
  const known = new Set<string>();
  for (const { name, matchers } of series) {
    const labels = SERIES.get(name);
    if (labels === undefined) {
      mistakes.push(`there is no series ${name}`);
      continue;
    }
    for (const label of labels) known.add(label);
    for (const { label, equals } of matchers) {
      if (!labels.includes(label)) mistakes.push(`${name} has no label ${label}`);
      const values = VALUES[name]?.[label];
      if (equals !== undefined && values !== undefined && !values.includes(equals))
        mistakes.push(`${label} of ${name} is never ${equals}`);
    }
  }
  for (const label of grouping) if (!known.has(label)) mistakes.push(`no series here has the label ${label}`);
  return mistakes;
}

describe('mistakes are found', () => {
  test.each([
    ['rate(sluice_commit_total[5m])', 'there is no series sluice_commit_total'],
    ['sluice_commit_freshness_seconds', 'there is no series sluice_commit_freshness_seconds'],
    ['sluice_ready{table="a"}', 'sluice_ready has no label table'],
    ['sum by (tabel) (sluice_table_lag_records)', 'no series here has the label tabel'],
    ['sluice_table_state{state="broken"}', 'state of sluice_table_state is never broken'],
  ])('%s', (expression, mistake) => {
    expect(mistakesIn(expression)).toEqual([mistake]);
  });

  test('what is no PromQL is refused', () => {
    expect(() => namesIn('sum by (table sluice_ready')).toThrow('not PromQL');
  });
});

describe('the Grafana dashboard', () => {
  interface Panel {
    readonly title: string;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }
  const dashboard = JSON.parse(read('deploy/grafana/sluice.json')) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  };
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  test.each(panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)))(
    '%s: %s',
    (_title, expression) => {
      expect(mistakesIn(expression)).toEqual([]);
    },
  );

  test('legends name labels that the expression keeps', () => {
    for (const { targets = [] } of panels)
      for (const { expr, legendFormat } of targets) {
        const { series, grouping } = namesIn(expr);
        const kept = new Set(grouping.length > 0 ? grouping : series.flatMap(({ name }) => SERIES.get(name) ?? []));
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          expect({ legendFormat, expr, kept: kept.has(label) }).toEqual({ legendFormat, expr, kept: true });
      }
  });

  test('variables are asked of series that exist, and every variable used is declared', () => {
    for (const { definition } of dashboard.templating.list) {
      if (definition === undefined) continue;
      const [, expression = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
      expect(mistakesIn(`sum by (${label}) (${expression})`)).toEqual([]);
    }
    const declared = new Set(dashboard.templating.list.map(({ name }) => name));
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => !name.startsWith('__') && !declared.has(name))).toEqual([]);
  });
});

describe('the alert rules', () => {
  interface Rule {
    readonly alert: string;
    readonly expr: string;
    readonly labels: { readonly severity: string };
    readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
  }
  const { groups } = parse(read('deploy/prometheus/alerts.yaml')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  test.each(rules.map(({ alert, expr }) => [alert, expr] as const))('%s names what exists', (_alert, expression) => {
    expect(mistakesIn(expression)).toEqual([]);
  });

  test('names are unique, and texts use labels that the expression keeps', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, annotations } of rules) {
      const { series, grouping } = namesIn(expr);
      const kept = new Set(
        grouping.includes('table') || /\bby\b/.test(expr)
          ? grouping
          : series.flatMap(({ name }) => SERIES.get(name) ?? []),
      );
      for (const text of [annotations.summary, annotations.description])
        for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g))
          expect({ alert, label, kept: kept.has(label) }).toEqual({ alert, label, kept: true });
    }
  });

  test('each has a severity and a section of the runbook, and the runbook has no others', () => {
    const sections = [...read('docs/runbook.md').matchAll(/^### (Sluice\w+)$/gm)].map(([, name = '']) => name);
    expect(sections.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
    for (const { alert, labels, annotations } of rules) {
      expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      expect(['critical', 'warning']).toContain(labels.severity);
    }
  });
});

describe('docs/metrics.md', () => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(sluice_\w+)` \| (\w+) \| (.*?) \| (.+) \|$/gm)].map(
    ([, name, type, labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    }),
  );

  test('lists every series with its kind and labels, and no other', () => {
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }): number =>
      (a.name ?? '') < (b.name ?? '') ? -1 : 1;
    expect(rows.toSorted(byName)).toEqual(
      OURS.map(({ name, type, labels }) => ({ name, type, labels: [...labels] })).toSorted(byName),
    );
  });
});

/** Promises of the diagnosis: each rule speaks at its threshold and not before it, with numbers, and asks for nothing that does not exist. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DiagnosisView, Finding } from '../../../src/contracts/diagnosis.ts';
import { RULES, diagnose } from '../../../src/diagnose/diagnose.ts';
import { assertRunnable } from '../../support/commands.ts';
import {
  NOW,
  checkpoints,
  daemon,
  daemonInOrder,
  snapshotOf,
  status,
  survey,
  surveyInOrder,
  table,
  tableInOrder,
} from '../../support/diagnosis.ts';

interface Case {
  readonly rule: string;
  readonly when: string;
  readonly view: DiagnosisView;
  readonly severity: Finding['severity'];
  readonly says: RegExp;
  /** The same, a little less bad: the rule is silent. */
  readonly but: DiagnosisView;
}

const GIB = 1024 ** 3;
const log = { accepting: true, maxBytes: 100 * GIB, parkedTables: 0 };
const waiting = { lagRecords: 1_000n, lagBytes: 40 * GIB };
const foreign = (count: number, summary: Record<string, string>) =>
  Array.from({ length: count }, () => snapshotOf({ 'sluice.pipeline': 'other', ...summary }, { operation: 'replace' }));
const spark = snapshotOf(
  {},
  {
    operation: 'replace',
    summary: new Map([
      ['engine-name', 'spark'],
      ['engine-version', '3.5.1'],
      ['app-id', 'app_17'],
    ]),
  },
);

/** Of a daemon that has seen nothing yet; the newest snapshot is of another engine. */
const quiet = (lastOfOurs: number): DiagnosisView => {
  const { lastCommit: _unseen, ...status } = tableInOrder.status;
  const recent = [spark, snapshotOf({}, { timestampMs: lastOfOurs })];
  return table({ status, intake: { recordsPerSecond: 0 }, survey: { ...surveyInOrder, recent } });
};

const CASES: readonly Case[] = [
  {
    rule: 'not-ready',
    when: 'the log no longer accepts',
    view: daemon({ notReady: [{ code: 'log', detail: 'a sync failed twice' }] }),
    severity: 'error',
    says: /takes no records: a sync failed twice/,
    but: daemon({ notReady: [] }),
  },
  {
    rule: 'not-ready',
    when: 'it starts',
    view: daemon({ notReady: [{ code: 'starting', detail: 'the log is being read back' }] }),
    severity: 'warning',
    says: /being read back/,
    but: daemon({ notReady: [] }),
  },
  {
    rule: 'catalog-unreachable',
    when: 'the catalog does not answer',
    view: { ...daemon({ catalogError: 'database is locked' }), tables: [] },
    severity: 'error',
    says: /database is locked/,
    but: daemon({}),
  },
  {
    rule: 'store-errors',
    when: 'requests fail for good',
    view: daemon({ store: { requests: 1_000, failed: 10, slowDowns: 0 } }),
    severity: 'error',
    says: /^1 % of the requests/,
    but: daemon({ store: { requests: 1_000, failed: 9, slowDowns: 0 } }),
  },
  {
    rule: 'store-slow-down',
    when: 'the store asks to slow down',
    view: daemon({ store: { requests: 1_000, failed: 0, slowDowns: 5 } }),
    severity: 'warning',
    says: /5 times to slow down over the last 10 minutes/,
    but: daemon({ store: { requests: 1_000, failed: 0, slowDowns: 4 } }),
  },
  {
    rule: 'log-filling',
    when: 'one table holds it',
    view: { ...status(waiting), daemon: { ...daemonInOrder, log: { ...log, bytes: 85 * GIB } } },
    severity: 'error',
    says: /85 % full: web.clicks holds most of it/,
    but: { ...status(waiting), daemon: { ...daemonInOrder, log: { ...log, bytes: 59 * GIB } } },
  },
  {
    rule: 'log-filling',
    when: 'the grace holds it',
    view: daemon({ log: { ...log, bytes: 60 * GIB } }),
    severity: 'warning',
    says: /60 % full: most of it is committed and waits for its grace/,
    but: daemon({ log: { ...log, bytes: 59 * GIB } }),
  },
  {
    rule: 'memory',
    when: 'request bodies take the budget',
    view: daemon({ memory: { ...daemonInOrder.memory, bodiesUsed: 90, bodiesLimit: 100 } }),
    severity: 'warning',
    says: /request bodies at 90 %/,
    but: daemon({ memory: { ...daemonInOrder.memory, bodiesUsed: 84, bodiesLimit: 100 } }),
  },
  {
    rule: 'memory',
    when: 'the process nears what the machine has',
    view: daemon({ memory: { ...daemonInOrder.memory, resident: 86, machine: 100 } }),
    severity: 'error',
    says: /process at 86 %/,
    but: daemon({ memory: { ...daemonInOrder.memory, resident: 84, machine: 100 } }),
  },
  {
    rule: 'event-loop',
    when: 'it is held up',
    view: daemon({ eventLoop: { p99Seconds: 0.2, maxSeconds: 0.4 } }),
    severity: 'warning',
    says: /held up for 0.40 seconds/,
    but: daemon({ eventLoop: { p99Seconds: 0.19, maxSeconds: 0.99 } }),
  },
  {
    rule: 'clock',
    when: 'the clock went back',
    view: daemon({ clockJump: { at: NOW, byMs: -90_000 } }),
    severity: 'warning',
    says: /went back by 90 seconds at 2026/,
    but: daemon({ clockJump: { at: NOW, byMs: -4_000 } }),
  },
  {
    rule: 'stopped',
    when: 'the table waits for an operator',
    view: status({ state: 'stopped', reason: 'the table stands at offset 5', remedy: 'restore the table' }),
    severity: 'error',
    says: /web.clicks has stopped and takes no records: the table stands at offset 5/,
    but: status({}),
  },
  {
    rule: 'unreadable',
    when: 'a metadata file is gone',
    view: table({ unreadable: 'v1.metadata.json is not there' }),
    severity: 'error',
    says: /cannot be read: v1.metadata.json/,
    but: table({}),
  },
  {
    rule: 'stalled',
    when: 'records wait longer than three intervals',
    view: {
      daemon: daemonInOrder,
      tables: [
        {
          ...tableInOrder,
          status: { ...tableInOrder.status, state: 'failing', reason: 'ENOSPC', lagRecords: 5n, freshnessSeconds: 30 },
          trouble: { state: 'write-failed', cause: 'ENOSPC', at: NOW - 10_000 },
        },
      ],
    },
    severity: 'error',
    says: /waiting for 30 seconds and no commit lands; it fails at: write/,
    but: status({ lagRecords: 5n, freshnessSeconds: 29.9 }),
  },
  {
    rule: 'idle',
    when: 'nothing came since the daemon started',
    view: {
      daemon: daemonInOrder,
      tables: [
        {
          ...tableInOrder,
          status: {
            name: tableInOrder.status.name,
            state: 'running',
            lagRecords: 0n,
            lagBytes: 0,
            freshnessSeconds: 0,
          },
          intake: { recordsPerSecond: 0 },
          survey: { ...surveyInOrder, recent: [] },
        },
      ],
    },
    severity: 'info',
    says: /nothing came for web.clicks since the daemon started at 2026/,
    but: table({ intake: { recordsPerSecond: 0, lastAt: NOW - 299_000 } }),
  },
  {
    rule: 'idle',
    when: 'the last that came was before a restart: the table knows when',
    view: quiet(Date.UTC(2026, 9, 1)),
    severity: 'info',
    says: /nothing came for web.clicks since 2026-10-01T00:00:00.000Z/,
    but: quiet(NOW - 299_000),
  },
  {
    rule: 'parked',
    when: 'its records were moved aside',
    view: table({ parked: true }),
    severity: 'error',
    says: /moved aside/,
    but: table({}),
  },
  {
    rule: 'dead-letter-spike',
    when: 'many records do not fit',
    view: table({
      intake: { recordsPerSecond: 1 },
      deadLetters: [
        { code: 'missing_field', records: 2 },
        { code: 'type_mismatch', records: 40 },
      ],
    }),
    severity: 'warning',
    says: /42 records for web.clicks did not fit .* most of them as type_mismatch/,
    but: table({ intake: { recordsPerSecond: 1 }, deadLetters: [{ code: 'type_mismatch', records: 6 }] }),
  },
  {
    rule: 'commit-bound',
    when: 'commits take the time',
    view: checkpoints({ write: 0.5, upload: 0.5, commit: 5.2 }),
    severity: 'warning',
    says: /commits of web.clicks take 5.20 seconds/,
    but: checkpoints({ write: 4, upload: 0.5, commit: 5.2 }),
  },
  {
    rule: 'encode-bound',
    when: 'encoding takes the interval',
    view: checkpoints({ write: 6, upload: 1, commit: 1 }),
    severity: 'warning',
    says: /takes 60 % of the checkpoint interval/,
    but: checkpoints({ write: 4.9, upload: 1, commit: 1 }),
  },
  {
    rule: 'upload-bound',
    when: 'uploads take the time',
    view: checkpoints({ write: 0.2, upload: 3, commit: 0.3 }),
    severity: 'warning',
    says: /uploads of web.clicks take 3.00 seconds/,
    but: checkpoints({ write: 0.2, upload: 0.9, commit: 0.3 }),
  },
  {
    rule: 'conflict-storm',
    when: 'another engine commits all the time',
    view: table({
      attempts: { committed: 5, conflicts: 12, unknown: 0 },
      survey: { ...surveyInOrder, recent: [spark, spark, snapshotOf()] },
    }),
    severity: 'warning',
    says: /lose to another writer: spark 3.5.1 \(app-id app_17\) \(2 of the last 3 commits, replace/,
    but: table({ attempts: { committed: 5, conflicts: 9, unknown: 0 } }),
  },
  {
    rule: 'conflict-storm',
    when: 'another daemon shares the table',
    view: table({
      attempts: { committed: 5, conflicts: 12, unknown: 0 },
      survey: { ...surveyInOrder, recent: foreign(3, {}) },
    }),
    severity: 'warning',
    says: /Sluice pipeline other/,
    but: table({ attempts: { committed: 100, conflicts: 12, unknown: 0 } }),
  },
  {
    rule: 'conflict-storm',
    when: 'the other writer left no snapshot',
    view: table({ attempts: { committed: 0, conflicts: 10, unknown: 0 } }),
    severity: 'warning',
    says: /a writer that left no snapshot/,
    but: table({}),
  },
  {
    rule: 'small-files',
    when: 'commits are short',
    view: survey({ smallFiles: 50, sparableFiles: 40 }),
    severity: 'warning',
    says: /50 % of the files of web.clicks are below a quarter of their target: commits are shorter/,
    but: survey({ smallFiles: 49, sparableFiles: 40 }),
  },
  {
    rule: 'small-files',
    when: 'each commit opens many partitions',
    view: survey({
      smallFiles: 90,
      sparableFiles: 80,
      recent: [snapshotOf({ 'changed-partition-count': '24' })],
    }),
    severity: 'warning',
    says: /each commit opens 24 partitions/,
    // Ten small files are no burden.
    but: survey({ files: 10, smallFiles: 10, sparableFiles: 9 }),
  },
  {
    rule: 'delete-pressure',
    when: 'a tenth of the rows is deleted',
    view: survey({ deleteFiles: 3, deleteRows: 100_000n }),
    severity: 'warning',
    says: /deletes for 10 % of its rows/,
    but: survey({ deleteFiles: 3, deleteRows: 99_999n }),
  },
  {
    rule: 'metadata-sprawl',
    when: 'snapshots are never expired',
    view: survey({ snapshots: 2_000 }),
    severity: 'warning',
    says: /metadata of web.clicks has grown/,
    but: survey({ snapshots: 1_999, manifests: 499, metadataBytes: 16 * 1024 * 1024 - 1 }),
  },
  {
    rule: 'partition-explosion',
    when: 'a commit writes into a hundred partitions',
    view: survey({ recent: [snapshotOf({ 'changed-partition-count': '100' })] }),
    severity: 'warning',
    says: /into 100 partitions/,
    but: survey({ recent: [snapshotOf({ 'changed-partition-count': '99' })] }),
  },
  {
    rule: 'partition-skew',
    when: 'one partition holds nearly everything',
    view: survey({ partitions: { count: 10, largestBytes: 100 * GIB, medianBytes: 2 * GIB } }),
    severity: 'warning',
    says: /50 times the median/,
    but: survey({ partitions: { count: 4, largestBytes: 100 * GIB, medianBytes: 2 * GIB } }),
  },
  {
    rule: 'metadata-ahead',
    when: 'the last snapshot is from the future',
    view: survey({ recent: [snapshotOf({}, { timestampMs: NOW + 61_000 })] }),
    severity: 'warning',
    says: /61 seconds in the future/,
    but: survey({ recent: [snapshotOf({}, { timestampMs: NOW + 59_000 })] }),
  },
  {
    rule: 'progress-bound',
    when: 'the property nears its bound',
    view: survey({ progress: { bytes: 49_152, maxBytes: 65_536 } }),
    severity: 'warning',
    says: /nears the size at which commits are refused/,
    but: survey({ progress: { bytes: 49_151, maxBytes: 65_536 } }),
  },
];

const of = (rule: string, view: DiagnosisView): Finding | undefined =>
  diagnose(view).find((finding) => finding.rule === rule);

describe('each rule', () => {
  test.each(CASES)('$rule: $when', ({ rule, view, severity, says, but }) => {
    const finding = of(rule, view);
    expect(finding).toMatchObject({ severity, verdict: expect.stringMatching(says) as string });
    expect(finding?.evidence.length).toBeGreaterThan(0);
    expect(of(rule, but)).toBeUndefined();
  });

  test('has a case here and a section in docs/diagnosis.md', () => {
    const names = RULES.map(({ name }) => name);
    expect([...new Set(CASES.map(({ rule }) => rule))].sort()).toEqual([...names].sort());
    const docs = readFileSync('docs/diagnosis.md', 'utf8');
    expect(names.filter((name) => !docs.includes(`| \`${name}\` |`))).toEqual([]);
  });
});

test('a daemon in order has no findings', () => {
  expect(diagnose(daemon({}))).toEqual([]);
});

test('errors come first, then warnings, then what is good to know; the same facts always give the same list', () => {
  const views = CASES.map(({ view }) => view);
  const whole = { daemon: daemonInOrder, tables: views.flatMap(({ tables }) => tables) };
  const found = diagnose(whole);
  const ranks = found.map(({ severity }) => ['error', 'warning', 'info'].indexOf(severity));
  expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  expect(diagnose(whole)).toEqual(found);
});

describe('what it asks for exists', () => {
  const findings = CASES.flatMap(({ view }) => diagnose(view));

  test('every command is one of this program, with its arguments and options', () => {
    for (const { command } of findings) assertRunnable(command);
  });

  test('every configuration key that a remedy names is in the schema', () => {
    const schema = JSON.parse(readFileSync('schemas/sluice.schema.json', 'utf8')) as JsonSchema;
    const keys = findings.flatMap(({ remedy }) => [...remedy.matchAll(/`([a-z_0-9.]+)`/g)].map(([, key]) => key ?? ''));
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((key) => !isKey(schema, key.split('.')))).toEqual([]);
  });
});

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function isKey(schema: JsonSchema, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  const member = schema.properties?.[key];
  return member !== undefined && isKey(member, rest);
}

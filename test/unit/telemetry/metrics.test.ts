/** The exposition: names by the rules, series bounded, none left of tables that are gone. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { CheckpointRecord, TableStatus } from '../../../src/contracts/service-ports.ts';
import { createMetrics, type MetricsRegistry } from '../../../src/telemetry/metrics/registry.ts';
import { checkpointRecord } from '../../support/fake-ports.ts';

const MAX_TABLES = 3;
let metrics: MetricsRegistry;
beforeEach(() => {
  metrics = createMetrics({ version: '1.2.3' }, MAX_TABLES);
});

const status = (name: string, more: Partial<TableStatus> = {}): TableStatus => ({
  name: { namespace: ['web'], name },
  state: 'running',
  lagRecords: 10n,
  lagBytes: 100,
  freshnessSeconds: 1,
  ...more,
});

async function lines(tables: readonly TableStatus[], catalogAnswers = true): Promise<readonly string[]> {
  return (await metrics.render({ tables, ready: true, catalogAnswers }))
    .split('\n')
    .filter((line) => !line.startsWith('#'));
}

const about = (all: readonly string[], table: string): readonly string[] =>
  all.filter((line) => line.includes(`table="${table}"`));

function touch(table: string): void {
  metrics.ingest({ table, ack: 'durable', result: 'accepted', records: 2, bytes: 20, seconds: 0.01 });
  metrics.ingest({ table, ack: 'durable', result: 'refused', records: 1, bytes: 20, seconds: 0.01 });
  metrics.checkpoint({ ...checkpointRecord(table), freshnessSeconds: 3 });
  metrics.commitAttempt(table, 'conflict');
  metrics.checkpointFailed(table, 'recut');
  metrics.deadLetters(table, 'type_mismatch', 4);
}

test('names follow the rules: one prefix, base units, totals only on counters', () => {
  for (const { name, type, help } of metrics.describe().filter(({ name }) => name.startsWith('sluice'))) {
    expect(name).toMatch(/^sluice_[a-z][a-z_]*[a-z]$/);
    expect(name).not.toMatch(/_(ms|millis|kb|mb|percent)(_|$)/);
    expect({ name, total: name.endsWith('_total') }).toEqual({ name, total: type === 'counter' });
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/\.$/);
  }
});

test('labels are of the bounded set', () => {
  const allowed = [
    'table',
    'source',
    'result',
    'ack',
    'method',
    'route',
    'code',
    'phase',
    'outcome',
    'op',
    'step',
    'state',
    'direction',
    'kind',
    'cause',
  ];
  for (const { name, labels } of metrics.describe().filter(({ name }) => name.startsWith('sluice')))
    expect({ name, strange: labels.filter((label) => ![...allowed, 'version'].includes(label)) }).toEqual({
      name,
      strange: [],
    });
});

describe('what is reported is shown', () => {
  test('of requests, commits and dead letters of a table', async () => {
    touch('web.a');
    const shown = about(await lines([status('a', { stagedBytes: 60, logBytes: 70 })]), 'web.a');
    expect(shown).toEqual(
      expect.arrayContaining([
        'sluice_ingest_records_total{table="web.a",source="http",result="accepted"} 2',
        'sluice_ingest_records_total{table="web.a",source="http",result="refused"} 1',
        'sluice_ingest_bytes_total{table="web.a"} 40',
        'sluice_dead_letter_records_total{table="web.a",code="type_mismatch"} 4',
        'sluice_commits_total{table="web.a",result="committed"} 1',
        'sluice_commits_total{table="web.a",result="recut"} 1',
        'sluice_commit_attempts_total{table="web.a",outcome="conflict"} 1',
        'sluice_commit_freshness_seconds_bucket{le="2.5",table="web.a"} 0',
        'sluice_commit_freshness_seconds_bucket{le="5",table="web.a"} 1',
        'sluice_commit_freshness_seconds_sum{table="web.a"} 3',
        'sluice_table_lag_records{table="web.a"} 10',
        'sluice_table_staging_bytes{table="web.a"} 60',
        'sluice_table_wal_bytes{table="web.a"} 70',
        'sluice_table_state{table="web.a",state="running"} 1',
      ]),
    );
  });

  test('of the process: log, store, event loop, requests in flight', async () => {
    metrics.logWrite('append', 0.0003, 4096);
    metrics.logWrite('sync', 0.02, 0);
    metrics.storeRetry('put', 'unavailable');
    metrics.eventLoopDelay(0.3);
    metrics.inFlight(1);
    metrics.inFlight(1);
    metrics.inFlight(-1);
    metrics.request({ method: 'BREW', route: undefined, status: 404, seconds: 0.002 });
    metrics.eventReaderDropped();
    expect(await lines([])).toEqual(
      expect.arrayContaining([
        'sluice_wal_written_bytes_total 4096',
        'sluice_wal_write_duration_seconds_count{step="append"} 1',
        'sluice_wal_write_duration_seconds_bucket{le="0.01",step="sync"} 0',
        'sluice_wal_write_duration_seconds_bucket{le="0.025",step="sync"} 1',
        'sluice_store_retries_total{op="put",code="unavailable"} 1',
        'sluice_eventloop_delay_seconds_count 1',
        'sluice_http_requests_in_flight 1',
        'sluice_http_request_duration_seconds_count{method="other",route="none",code="404"} 1',
        'sluice_event_readers_dropped_total 1',
      ]),
    );
  });

  test('a checkpoint that did not commit counts as such, and brings neither records nor freshness', async () => {
    const failed: CheckpointRecord = { ...checkpointRecord('web.a'), result: 'failed' };
    metrics.checkpoint(failed);
    const shown = await lines([status('a')]);
    expect(shown).toContain('sluice_commits_total{table="web.a",result="failed"} 1');
    expect(shown.filter((line) => /committed_records|freshness_seconds_count/.test(line))).toEqual([]);
  });
});

describe('tables', () => {
  test('that go away leave no series', async () => {
    touch('web.a');
    touch('web.b');
    expect(about(await lines([status('a'), status('b')]), 'web.a').length).toBeGreaterThan(10);
    expect(about(await lines([status('b')]), 'web.a')).toEqual([]);
    expect(about(await lines([status('b')]), 'web.b').length).toBeGreaterThan(10);
  });

  test('stay while the catalog does not answer: nobody knows that they are gone', async () => {
    touch('web.a');
    await lines([status('a')]);
    const shown = await lines([], false);
    expect(shown).toContain('sluice_catalog_up 0');
    expect(shown).toContain('sluice_ingest_bytes_total{table="web.a"} 40');
  });

  test('past the cap share one series: what adds up is summed, of the rest the worst is shown', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) touch(`web.${name}`);
    const at = (seconds: number) => ({ lastCommit: { snapshot: 1n as never, at: seconds * 1000 } });
    const shown = await lines([
      ...['a', 'b', 'c'].map((name) => status(name)),
      status('d', { freshnessSeconds: 7, ...at(50), state: 'stopped' }),
      status('e', { freshnessSeconds: 2, ...at(40), state: 'stopped' }),
    ]);
    expect(about(shown, 'web.d')).toEqual([]);
    expect(about(shown, '_other')).toEqual(
      expect.arrayContaining([
        'sluice_ingest_bytes_total{table="_other"} 80',
        'sluice_table_lag_records{table="_other"} 20',
        'sluice_table_freshness_seconds{table="_other"} 7',
        'sluice_commit_last_success_timestamp_seconds{table="_other"} 40',
        'sluice_table_state{table="_other",state="stopped"} 2',
      ]),
    );
  });

  test('that go away make room for others', async () => {
    for (const name of ['a', 'b', 'c']) touch(`web.${name}`);
    await lines([status('a'), status('b')]);
    touch('web.d');
    expect(about(await lines([status('a'), status('b'), status('d')]), 'web.d').length).toBeGreaterThan(10);
  });

  test('that do not exist never become series', async () => {
    metrics.ingest({ table: undefined, ack: 'durable', result: 'refused', records: 0, bytes: 5, seconds: 0.01 });
    expect((await lines([])).filter((line) => line.includes('table='))).toEqual([]);
  });
});

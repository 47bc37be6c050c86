/** When the daemon's maintenance has its turn, and what tables may say against its settings. */
import { expect, test } from 'vitest';
import type { MaintenanceSettings } from '../../../src/config/settings.ts';
import type { PipelineState } from '../../../src/checkpoint/pipeline-context.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { calmOf } from '../../../src/service/calm.ts';
import { compactionPolicy, isMaintained, ownsItsFiles, placesOf } from '../../../src/service/maintenance-policy.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';

const RUNNING: PipelineState = { kind: 'running' };
const FAILING: PipelineState = { kind: 'failing', reason: 'the catalog is down' };
const NEVER = new AbortController().signal;
const lagging = (state: PipelineState, oldestAt: number | undefined) => ({ state, lag: { oldestAt } });

test('maintenance waits while records are late, and goes on when they are in', async () => {
  const runtime = testRuntime();
  const { clock } = runtime;
  let oldestAt: number | undefined = 0;
  let waits = 0;
  const sleep = (): Promise<void> => {
    waits += 1;
    if (waits === 3) oldestAt = undefined;
    return Promise.resolve();
  };
  const calm = calmOf(() => [lagging(RUNNING, oldestAt)], 10_000, { ...clock, sleep });
  runtime.advance(30_000);
  await calm(NEVER);
  expect(waits).toBe(0);
  runtime.advance(1);
  await calm(NEVER);
  expect(waits).toBe(3);
});

test('a table in trouble holds up no maintenance of others', async () => {
  const runtime = testRuntime();
  const { clock } = runtime;
  runtime.advance(3_600_000);
  await calmOf(() => [lagging(FAILING, 0), lagging(RUNNING, undefined)], 10_000, clock)(NEVER);
});

test('a wait for calm ends with the signal', async () => {
  const runtime = testRuntime();
  const { clock } = runtime;
  runtime.advance(3_600_000);
  const sleep = (): Promise<void> => Promise.reject(new SluiceError('closed', 'wait was cancelled'));
  const calm = calmOf(() => [lagging(RUNNING, 0)], 10_000, { ...clock, sleep });
  await expect(calm(NEVER)).rejects.toMatchObject({ kind: 'closed' });
});

const SETTINGS: MaintenanceSettings['compaction'] = {
  enabled: true,
  schedule: '* * * * *',
  minFiles: 5,
  hotFiles: 10,
  coldAfterMs: 600_000,
  maxGroupBytes: 1_000_000,
  triggers: { commits: 10, bytes: 1_000_000, smallFiles: 500, smallFilesRatio: 0.5, deletesRatio: 0.1 },
};
const table = (properties: Record<string, string>) => ({ properties: new Map(Object.entries(properties)) });

test('properties of a table go before the settings, and a value that is none is refused by name', () => {
  expect(compactionPolicy(table({}), 500, SETTINGS)).toEqual({
    targetBytes: 500,
    minFiles: 5,
    hotFiles: 10,
    coldAfterMs: 600_000,
    maxGroupBytes: 1_000_000,
  });
  const own = {
    'sluice.compaction.min-files': '3',
    'sluice.compaction.hot-files': '20',
    'sluice.compaction.cold-after-ms': '0',
  };
  expect(compactionPolicy(table(own), 2_000_000, SETTINGS)).toEqual({
    targetBytes: 2_000_000,
    minFiles: 3,
    hotFiles: 20,
    coldAfterMs: 0,
    maxGroupBytes: 2_000_000,
  });
  for (const value of ['', '1', '2.5', 'many'])
    expect(() => compactionPolicy(table({ 'sluice.compaction.min-files': value }), 1, SETTINGS), value).toThrow(
      /sluice\.compaction\.min-files/,
    );
});

test('a table may be left to others', () => {
  expect(isMaintained(table({}))).toBe(true);
  expect(isMaintained(table({ 'sluice.maintenance.enabled': 'false' }))).toBe(false);
});

test('a table may say that its files are not its own, and that they lie elsewhere', () => {
  expect(ownsItsFiles(table({}))).toBe(true);
  expect(ownsItsFiles(table({ 'gc.enabled': 'false' }))).toBe(false);
  const elsewhere = { 'write.data.path': 's3://lake/data', 'write.metadata.path': 's3://lake/meta' };
  expect(placesOf({ location: 's3://lake/t', ...table(elsewhere) })).toEqual([
    's3://lake/t',
    's3://lake/data',
    's3://lake/meta',
  ]);
});

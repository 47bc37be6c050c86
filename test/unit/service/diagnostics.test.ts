/** Promises of gathering: a diagnosis comes also when the catalog or the store does not answer, and one broken table hides no other. */
import { afterEach, expect, test } from 'vitest';
import { loadSettings } from '../../../src/config/load.ts';
import type { LogStatus } from '../../../src/contracts/log.ts';
import type { TableStatus } from '../../../src/contracts/service-ports.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { formatTableName, tableUuid, type TableName } from '../../../src/core/ids.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import { Diagnostics } from '../../../src/service/diagnostics.ts';
import { HealthHistory } from '../../../src/service/health-history.ts';
import { SurveyCache, type SurveyCacheParts } from '../../../src/service/survey-cache.ts';
import { Watch } from '../../../src/service/watch.ts';
import { NOW, surveyInOrder } from '../../support/diagnosis.ts';

const NAME: TableName = { namespace: ['web'], name: 'clicks' };
const OTHER: TableName = { namespace: ['web'], name: 'other' };
const UUID = tableUuid('0193f7a0-0000-7000-8000-00000000000a');

/** The patience ends once all that can be done without waiting is done; the upkeep's round sleeps until it is told to end. */
const clock: Clock = {
  now: () => NOW,
  monotonic: () => 5_000,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = (): void => reject(new SluiceError('closed', 'told to end'));
      if (signal?.aborted === true) end();
      else if (ms < 10_000) setImmediate(resolve);
      else signal?.addEventListener('abort', end);
    }),
};

let diagnostics: Diagnostics | undefined;
afterEach(() => diagnostics?.close());

interface World {
  readonly list?: () => Promise<readonly TableName[]>;
  readonly look?: (name: string) => Promise<typeof surveyInOrder>;
  readonly log?: LogStatus;
}

function open({
  list = () => Promise.resolve([NAME, OTHER]),
  look = () => Promise.resolve(surveyInOrder),
  log,
}: World) {
  const warehouse = {
    tables: { list },
    format: { load: (name: TableName) => Promise.resolve({ kind: 'loaded', view: { uuid: UUID, name } }) },
    surveys: { look: (view: { name: TableName }) => look(formatTableName(view.name)), retain: () => undefined },
  } as unknown as SurveyCacheParts['warehouse'];
  const settings = loadSettings(undefined, { env: {}, readFile: () => '', directory: '/srv' });
  const statusOf = (name: TableName): TableStatus => ({
    name,
    state: 'running',
    lagRecords: 0n,
    lagBytes: 0,
    freshnessSeconds: 0,
  });
  const history = new HealthHistory({ append: () => undefined, latest: () => Promise.resolve([]) });
  diagnostics = new Diagnostics({
    control: {
      tables: async () => (await list()).map(statusOf),
      describe: () => Promise.resolve(undefined),
      notReady: () => [],
    },
    surveys: new SurveyCache({ warehouse, pipeline: settings.pipeline, targetBytesOf: () => 1, clock, history }),
    history,
    watch: new Watch(clock),
    settings,
    clock,
    log: () => log,
    bodies: () => ({ used: 1, limit: 100 }),
    nameOf: (uuid) => (uuid === UUID ? NAME : undefined),
  });
  return diagnostics;
}

const rules = async (world: World, table?: TableName, visible: (name: TableName) => boolean = () => true) =>
  (await open(world).diagnose(table, visible))?.findings.map((finding) => [finding.rule, finding.table]);

test('a catalog that does not answer is the finding, not a failure', async () => {
  const list = () => Promise.reject(new SluiceError('unavailable', 'database is locked'));
  expect(await rules({ list })).toEqual([['catalog-unreachable', undefined]]);
  expect(await rules({ list }, NAME)).toEqual([['catalog-unreachable', undefined]]);
});

test('a table that cannot be read is told, and the other one is looked at', async () => {
  const look = (name: string) =>
    name === 'web.clicks'
      ? Promise.reject(new SluiceError('corrupt', 'gone'))
      : Promise.resolve({ ...surveyInOrder, snapshots: 9_000 });
  expect(await rules({ look })).toEqual([
    ['unreadable', 'web.clicks'],
    ['metadata-sprawl', 'web.other'],
  ]);
});

test('a store that does not answer holds no diagnosis up', async () => {
  expect(await rules({ look: () => new Promise(() => undefined) })).toEqual([]);
});

test('one table, and none of a name that is not there', async () => {
  const look = () => Promise.resolve({ ...surveyInOrder, snapshots: 9_000 });
  expect(await rules({ look }, OTHER)).toEqual([['metadata-sprawl', 'web.other']]);
  expect(await rules({}, { namespace: ['web'], name: 'gone' })).toBeUndefined();
});

test('a parked table is known by its name', async () => {
  const log = { accepting: true, bytes: 1, maxBytes: 100, maxTableBytes: 50, parked: [UUID] };
  expect(await rules({ log })).toEqual([['parked', 'web.clicks']]);
});

test('who may not read a table hears nothing of it', async () => {
  const look = () => Promise.resolve({ ...surveyInOrder, snapshots: 9_000 });
  expect(await rules({ look }, undefined, ({ name }) => name === 'other')).toEqual([['metadata-sprawl', 'web.other']]);
});

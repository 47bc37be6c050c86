/**
 * The daemon assembled: the only place that names concrete classes. Owns the order of starting and stopping (protocol §6, design §4):
 * lock → stores probed → log opened → tables taken up → ready; and back: not ready → drain → last checkpoint → close.
 */
import { createRequire } from 'node:module';
import type { ApiContext } from '../api/context.ts';
import { Coordinator } from '../checkpoint/coordinator.ts';
import { CheckpointHistory } from '../checkpoint/history.ts';
import { LetterDesk } from '../checkpoint/dead-letters/letter-desk.ts';
import { Ingest } from '../checkpoint/ingest.ts';
import { AttemptBook } from '../checkpoint/poison/attempt-book.ts';
import { Channels } from '../checkpoint/producers/channels.ts';
import { StateObjects } from '../checkpoint/producers/state-objects.ts';
import type { RunningService, StartOptions } from '../cli/deps.ts';
import { compileChecker } from '../columnar/check/compile-checker.ts';
import { SqlLetterReader } from '../columnar/query/letter-reader.ts';
import { defaultCheckLimits, type CheckLimits } from '../columnar/check/limits.ts';
import { LiveSettings } from '../config/live-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { DeadLetterPort } from '../contracts/dead-letters.ts';
import type { Journal } from '../contracts/journal.ts';
import type { Log } from '../contracts/log.ts';
import type { Job } from '../contracts/maintenance-port.ts';
import type { ServiceLog } from '../contracts/service-log.ts';
import { ByteBudget } from '../core/byte-budget.ts';
import { messageOf } from '../core/errors.ts';
import { formatTableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { IcebergView } from '../iceberg/iceberg-format.ts';
import type { PreparedAppend } from '../iceberg/prepared-append.ts';
import { lockDirectory } from '../lane/directory-lock.ts';
import { meteredDisk } from '../lane/metered-disk.ts';
import { rememberedJobs } from '../maintenance/job-book.ts';
import { NodeDisk } from '../lane/node-disk.ts';
import { openLog } from '../lane/open-log.ts';
import { probeStore } from '../store/probe.ts';
import { openAccess } from './access.ts';
import { Configuration } from './configuration.ts';
import { Control } from './control.ts';
import { Diagnostics } from './diagnostics.ts';
import { openEngine, tableDefaults } from './encoder.ts';
import { HealthHistory } from './health-history.ts';
import { openJournals } from './journals.ts';
import { LateChannels } from './late-channels.ts';
import { layoutOf, targetBytesOf, type Shape } from './layout.ts';
import { LateIngest } from './late-ingest.ts';
import { Listeners } from './listeners.ts';
import { lateLetters } from './late-letters.ts';
import { querySourceOf } from './query-source.ts';
import { openMaintenance } from './maintenance.ts';
import { keepSkipped } from './skipped-bytes.ts';
import { SurveyCache, healthLevels } from './survey-cache.ts';
import { openTelemetry } from './telemetry.ts';
import { Trials } from './trials.ts';
import { closeFront, drain } from './stopping.ts';
import { openWarehouse } from './warehouse.ts';
import { Watch } from './watch.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
export { version };

/** Checkpoint records and other files of ours in the warehouse, outside every table's location. */
const SLUICE_PREFIX = '_sluice';

/** Resolves when the address is bound; recovery goes on behind `ready`. Rejects, with everything closed, when it cannot be. */
export async function startService(
  settings: Settings,
  runtime: Runtime,
  options: StartOptions,
): Promise<RunningService> {
  const opened = new AsyncDisposableStack();
  try {
    return await assemble(settings, runtime, options, opened);
  } catch (error) {
    // Why it did not start is what is to be told, not what closing came to.
    await opened.disposeAsync().catch(() => undefined);
    throw error;
  }
}

/** What is opened goes on the stack at once, and is closed in the opposite order: nothing is left to hold the process. */
async function assemble(
  settings: Settings,
  runtime: Runtime,
  options: StartOptions,
  opened: AsyncDisposableStack,
): Promise<RunningService> {
  const watch = new Watch(runtime.clock);
  const telemetry = await openTelemetry(settings, runtime, version, watch, (table) => control.openTable(table));
  opened.defer(() => telemetry.close());
  const { log: logger, metrics, tracer, events } = telemetry;
  const live = new LiveSettings(settings);
  const access = await openAccess(settings, runtime, logger);
  opened.defer(() => access.close());
  const lock = lockDirectory(settings.log.dir);
  opened.defer(() => lock.release());
  const warehouse = openWarehouse(settings, runtime, telemetry.store);
  opened.defer(() => warehouse.close());
  const late = new LateIngest();
  const channels = new LateChannels();
  const bodyBudget = new ByteBudget(settings.server.bodyMemoryBytes);
  let log: Log | undefined;
  let draining = false;
  let broken: string | undefined;

  const engine = await openEngine(settings);
  opened.defer(() => engine.close());
  const trials = new Trials(settings, runtime.clock);
  opened.defer(() => trials.close());
  opened.defer(() => log?.close());
  const defaults = { targetBytes: settings.file.targetBytes, compression: settings.file.compression };
  const layout = (shape: Shape) => layoutOf(shape, defaults);
  const history = new CheckpointHistory(
    warehouse.store,
    `${SLUICE_PREFIX}/${settings.pipeline}/checkpoints`,
    settings.checkpoint.history,
    (error) => logger.warn({ error: messageOf(error) }, 'a checkpoint record could not be kept; no data is affected'),
  );

  const notReady = (): { readonly code: string; readonly detail: string }[] => {
    if (broken !== undefined) return [{ code: 'broken', detail: broken }];
    if (draining) return [{ code: 'draining', detail: 'the daemon is stopping' }];
    if (!late.open || log === undefined) return [{ code: 'starting', detail: 'the log is being read back' }];
    const status = log.status();
    return status.accepting ? [] : [{ code: 'log', detail: status.reason ?? 'the log does not accept records' }];
  };

  // Control needs a coordinator, which needs the log; until then only health is answered.
  let coordinator: Coordinator<IcebergView, PreparedAppend> | undefined;
  const journals = openJournals(settings.dataDir, logger);
  opened.defer(() => journals.close());
  const healthHistory = new HealthHistory(journals.health);
  const surveys = new SurveyCache({
    warehouse,
    pipeline: settings.pipeline,
    targetBytesOf: (view) => targetBytesOf(view, defaults),
    clock: runtime.clock,
    history: healthHistory,
  });
  const control = new Control({
    warehouse,
    coordinator: () => coordinator,
    history,
    engine,
    layoutOf: layout,
    runtime,
    events,
    tableDefaults: (definition) => tableDefaults(settings, definition),
    notReady,
    healthOf: (table) => healthLevels(table, surveys.get(table)),
  });
  const diagnosis = new Diagnostics({
    control,
    surveys,
    history: healthHistory,
    watch,
    settings,
    clock: runtime.clock,
    log: () => log?.status(),
    bodies: () => ({ used: bodyBudget.used, limit: bodyBudget.limit }),
    nameOf: (uuid) => coordinator?.pipelines.find((pipeline) => pipeline.uuid === uuid)?.name,
  });
  opened.defer(() => diagnosis.close());
  let desk: DeadLetterPort | undefined;
  const configuration = new Configuration({
    live,
    createTable: (definition) => control.createTable(definition),
    log: logger,
    ...(options.reread === undefined ? {} : { reread: options.reread }),
  });
  const maintenance = openMaintenance({
    jobs: journals.jobs,
    surveyOf: (table) => {
      const surveyed = surveys.get(table);
      return surveyed?.kind === 'surveyed' ? surveyed.survey : undefined;
    },
    knownJobs: await knownJobs(journals.jobs, logger),
    settings,
    warehouse,
    coordinator: () => coordinator,
    listings: `${SLUICE_PREFIX}/${settings.pipeline}/orphans`,
    layoutOf: layout,
    metrics,
    tracer,
    runtime,
    log: logger,
  });
  opened.defer(() => maintenance.close());
  const context: ApiContext = {
    ingest: late,
    channels,
    control,
    deadLetters: lateLetters(() => desk),
    maintenance: maintenance.upkeep,
    access,
    diagnosis,
    config: configuration,
    settings: live.section('server'),
    keyWindow: settings.producers,
    draining: () => draining,
    metrics,
    tracer,
    events,
    runtime,
    bodyBudget,
    log: logger,
    version,
    levels: () => {
      const status = log?.status();
      return {
        ...(status === undefined
          ? {}
          : {
              log: {
                bytes: status.bytes,
                maxBytes: status.maxBytes,
                maxTableBytes: status.maxTableBytes,
                ...(status.oldestAt === undefined ? {} : { oldestAt: status.oldestAt }),
                parkedTables: status.parked.length,
              },
            }),
        memory: { used: bodyBudget.used, limit: bodyBudget.limit },
      };
    },
  };
  const api = new Listeners(context, settings.server, access);
  opened.defer(() => closeFront(api, coordinator, runtime.clock));

  configuration.register({
    name: 'log level',
    prepare: ({ logLevel }) => Promise.resolve({ apply: () => telemetry.setLogLevel(logLevel) }),
  });
  configuration.register({
    name: 'connection limits',
    prepare: ({ server }) => Promise.resolve({ apply: () => api.applyLimits(server) }),
  });
  configuration.register({
    name: 'keys and certificates',
    prepare: () => Promise.resolve({ apply: () => access.reload() }),
  });

  let onFailed: (reason: unknown) => void = () => undefined;
  const failed = new Promise<unknown>((resolve) => (onFailed = resolve));

  const recover = async (): Promise<void> => {
    await probeStore(warehouse.store, runtime.random);
    for (const definition of settings.tables) await control.createTable(definition);
    const disk = meteredDisk(new NodeDisk(), telemetry.disk, runtime.clock);
    log = await openLog({
      disk,
      directory: settings.log.dir,
      runtime,
      segmentBytes: settings.log.segmentBytes,
      maxBytes: settings.log.maxBytes,
      perTableShare: settings.log.tableShare,
      trimGraceMs: settings.log.trimGraceMs,
      ...(options.skipDamagedLog ? { skip: keepSkipped(settings.dataDir, logger) } : {}),
    });
    coordinator = new Coordinator<IcebergView, PreparedAppend>({
      format: warehouse.format,
      tables: warehouse.tables,
      log,
      engine,
      locations: warehouse.locations,
      runtime,
      pipeline: settings.pipeline,
      limits: live.section('checkpoint'),
      layoutOf: layout,
      checkerOf: (view) => compileChecker(view.schema, checkLimits(settings.server)),
      history,
      producerStates: new StateObjects(
        warehouse.store,
        `${SLUICE_PREFIX}/${settings.pipeline}/producers`,
        runtime,
        (table, state, cause) => logger.warn({ table, state, cause: messageOf(cause) }, 'producer state is in trouble'),
      ),
      producerLimits: settings.producers,
      tracer,
      onTrouble: telemetry.onTrouble,
      attempts: await AttemptBook.open(disk, `${settings.log.dir}/attempts`),
      trials,
      onCheckpoint: telemetry.onCheckpoint,
      createTable: (definition) => control.createTable(definition),
      onDeadLetters: (table, code, records) => metrics.deadLetters(table, code, records),
    });
    await coordinator.start();
    desk = new LetterDesk(coordinator, log, new SqlLetterReader(querySourceOf(warehouse, runtime)), runtime);
    late.attach(new Ingest(coordinator, log, runtime));
    channels.attach(new Channels(coordinator));
    maintenance.upkeep.begin();
    logger.info(
      { tables: coordinator.pipelines.map(({ name }) => formatTableName(name)), log: log.status().bytes },
      'ready',
    );
    events.publish({ type: 'service.ready' });
  };

  telemetry.start();
  const addresses = await api.listen();
  access.start();
  const ready = recover();
  ready.catch((error: unknown) => {
    broken = messageOf(error);
    onFailed(error);
  });

  const stop = once(async () => {
    draining = true;
    events.publish({ type: 'service.draining' });
    await ready.catch(() => undefined);
    const accepting = {
      open: late.open,
      close: (reason: string) => {
        channels.stop(reason);
        return late.close(reason);
      },
    };
    // What maintenance has committed stays; the rest of its work is given up.
    const [drained] = await Promise.all([
      drain(
        accepting,
        () => coordinator,
        live.current.server,
        runtime.clock,
        (facts, message) => logger.warn(facts, message),
      ),
      maintenance.close(),
    ]);
    await opened.disposeAsync();
    return drained;
  });
  return { ...addresses, ready, failed, reload: () => configuration.reload(), stop };
}

/** Losing them loses no data: a daemon whose past cannot be read starts without one. */
const knownJobs = (journal: Journal, log: Pick<ServiceLog, 'warn'>): Promise<readonly Job[]> =>
  rememberedJobs(journal).catch((error: unknown) => {
    log.warn({ error: messageOf(error) }, 'jobs of earlier lives cannot be read');
    return [];
  });

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= work());
}

const checkLimits = ({ maxRecordBytes, maxTextBytes }: Settings['server']): CheckLimits => ({
  ...defaultCheckLimits,
  admittedRecordBytes: maxRecordBytes,
  ...(maxTextBytes === undefined ? {} : { admittedTextBytes: maxTextBytes }),
});

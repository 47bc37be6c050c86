/** Maintenance of the running daemon put together. Owns which tables it may touch, and the life of its parts. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Coordinator } from '../checkpoint/coordinator.ts';
import { DuckDbRewriter } from '../columnar/rewrite/duckdb-rewriter.ts';
import type { Settings } from '../config/settings.ts';
import type { FileLayout } from '../contracts/column-engine.ts';
import type { TableSurvey } from '../contracts/diagnosis.ts';
import type { FileRewriter } from '../contracts/file-rewriter.ts';
import type { Journal } from '../contracts/journal.ts';
import type { Job } from '../contracts/maintenance-port.ts';
import type { Metrics } from '../contracts/metrics.ts';
import type { Tracer } from '../contracts/tracing.ts';
import { SluiceError } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { IcebergView } from '../iceberg/iceberg-format.ts';
import type { PreparedAppend } from '../iceberg/prepared-append.ts';
import { compactionChore, expiryChore, manifestChore, orphanChore } from '../maintenance/chores.ts';
import { Compactor } from '../maintenance/compactor.ts';
import { Expirer } from '../maintenance/expirer.ts';
import { noteJob } from '../maintenance/job-book.ts';
import { ManifestRewriter } from '../maintenance/manifest-rewriter.ts';
import { OrphanRemover } from '../maintenance/orphan-remover.ts';
import { PacedRewriter } from '../maintenance/paced-rewriter.ts';
import { Upkeep, type Place } from '../maintenance/upkeep.ts';
import { LocalScratch } from '../store/local-scratch.ts';
import { calmOf } from './calm.ts';
import { dutiesOf, levelsOf } from './maintenance-triggers.ts';
import { processEffort } from './process-facts.ts';
import { compactionPolicy, isMaintained, ownsItsFiles, placesOf } from './maintenance-policy.ts';
import type { Warehouse } from './warehouse.ts';

export interface MaintenanceParts {
  readonly settings: Settings;
  readonly warehouse: Warehouse;
  /** Undefined while the daemon starts. */
  readonly coordinator: () => Coordinator<IcebergView, PreparedAppend> | undefined;
  /** Key prefix, in the warehouse and outside every table's location, of the listings of orphans. */
  readonly listings: string;
  readonly layoutOf: (view: IcebergView) => FileLayout;
  readonly metrics: Pick<Metrics, 'compaction' | 'job'>;
  readonly tracer: Tracer;
  readonly runtime: Runtime;
  /** As of the last look at the table's metadata. */
  readonly surveyOf: (table: TableName) => TableSurvey | undefined;
  /** Of earlier lives, oldest first. */
  readonly knownJobs: readonly Job[];
  readonly jobs: Journal;
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
  };
}

export function openMaintenance(parts: MaintenanceParts): {
  readonly upkeep: Upkeep<IcebergView>;
  readonly close: () => Promise<void>;
} {
  const { settings, warehouse, coordinator, layoutOf, metrics, tracer, runtime, log } = parts;
  const duties = dutiesOf(settings);
  const { compaction, expiry, orphans, timeZone, windows } = settings.maintenance;
  const rewriter = new PacedRewriter({
    rewriter: openRewriter(settings),
    clock: runtime.clock,
    effort: processEffort,
    cores: availableParallelism(),
  });
  const calm = calmOf(() => coordinator()?.pipelines ?? [], settings.checkpoint.intervalMs, runtime.clock);
  const { format: tables, maintenance: format, locations } = warehouse;
  const shared = { tables, format, locations, runtime, calm };
  const compactor = new Compactor({
    ...shared,
    rewriter,
    scratch: new LocalScratch(join(settings.spoolDir, 'rewrite'), warehouse.locations),
    layoutOf,
    limitsOf: (view) => compactionPolicy(view, layoutOf(view).targetFileBytes, compaction),
    history: (view) => warehouse.tables.snapshots(view),
    onBytes: (read, written) => metrics.compaction(read, written),
    tracer,
  });
  const expirer = new Expirer({
    ...shared,
    policy: { maxAgeMs: expiry.maxAgeMs, minToKeep: expiry.minSnapshots },
    deletesPerSecond: expiry.deletesPerSecond,
  });
  const manifestRewriter = new ManifestRewriter(shared);
  const remover = new OrphanRemover<IcebergView>({
    ...shared,
    policy: orphans,
    listingsOf: (table) => ({ store: warehouse.store, prefix: `${parts.listings}/${table}` }),
    neighbours: (table) => placesOfOthers(warehouse, table),
    ownsItsFiles,
    isSettled: (table) => coordinator()?.pipelines.find(({ uuid }) => uuid === table)?.state.kind === 'running',
  });
  const upkeep = new Upkeep<IcebergView>({
    chores: {
      compact: compactionChore(compactor, duties.compact),
      'expire-snapshots': expiryChore(expirer, duties['expire-snapshots']),
      'rewrite-manifests': manifestChore(manifestRewriter, duties['rewrite-manifests']),
      'remove-orphans': orphanChore(remover, duties['remove-orphans']),
    },
    place: (table) => placeOf(parts, table),
    rollback: {
      tables: warehouse.format,
      format: warehouse.maintenance,
      history: (view) => warehouse.tables.snapshots(view),
      onTrouble: (table, state, cause) =>
        log.warn({ table: formatTableName(table), state, cause }, 'a rollback is in trouble'),
    },
    tables: () =>
      (coordinator()?.pipelines ?? [])
        .filter(({ state }) => state.kind === 'running')
        .map(({ view }) => view)
        .filter(isMaintained),
    levelsOf: ({ name }) => levelsOf(parts.surveyOf(name)),
    window: { timeZone, windows },
    runtime,
    known: parts.knownJobs,
    onStart: (job) => noteJob(parts.jobs, job),
    onEnd: (job) => ended(parts, job),
    onTrouble: (table, kind, cause) => log.warn({ table, kind, cause }, 'a table is not maintained for now'),
  });
  return {
    upkeep,
    close: async () => {
      await upkeep.end();
      await rewriter.close();
    },
  };
}

/** One owner a table: what changes it goes through the queue of its pipeline, which is opened if it is not yet. */
async function placeOf(
  { warehouse, coordinator }: MaintenanceParts,
  name: TableName,
): Promise<Place<IcebergView> | undefined> {
  const running = coordinator();
  if (running === undefined)
    throw new SluiceError('unavailable', 'the log is being read back', {
      remedy: 'ask again when /readyz answers 200',
    });
  const pipeline = await running.pipelineOf(name);
  const loaded = await warehouse.format.load(name);
  if (pipeline === undefined || loaded.kind === 'absent') return undefined;
  if (loaded.view.uuid !== pipeline.uuid || pipeline.state.kind === 'stopped')
    throw new SluiceError('unsupported', `table "${formatTableName(name)}" is stopped and is left as it is`, {
      remedy: 'GET /api/v1/tables says why it stopped and what to do',
    });
  return { target: pipeline, view: loaded.view };
}

async function placesOfOthers({ tables, format }: Warehouse, { name }: IcebergView): Promise<readonly string[]> {
  // By name: under another name the same table may have gone another way.
  const own = formatTableName(name);
  const places: string[] = [];
  for (const other of await tables.list()) {
    if (formatTableName(other) === own) continue;
    const loaded = await format.load(other);
    if (loaded.kind === 'loaded') places.push(...placesOf(loaded.view));
  }
  return places;
}

function openRewriter({ encoder, maintenance, spoolDir }: Settings): FileRewriter {
  if (encoder === 'parquetjs') return NO_REWRITER;
  return new DuckDbRewriter({
    threads: maintenance.threads,
    memoryLimitBytes: maintenance.memoryBytes,
    directory: join(spoolDir, 'rewriter'),
  });
}

const NO_REWRITER: FileRewriter = {
  rewrite: () =>
    Promise.reject(
      new SluiceError('unsupported', 'the encoder parquetjs rewrites no files', {
        remedy: 'use encoder: duckdb, or compact with another engine',
      }),
    ),
  close: () => Promise.resolve(),
};

function ended({ metrics, log, jobs }: MaintenanceParts, job: Job): void {
  noteJob(jobs, job);
  const seconds = ((job.endedAt ?? 0) - (job.startedAt ?? job.endedAt ?? 0)) / 1000;
  if (job.state === 'done' || job.state === 'failed' || job.state === 'cancelled')
    metrics.job(job.kind, job.state, seconds);
  const facts = {
    job: job.id,
    table: formatTableName(job.table),
    kind: job.kind,
    state: job.state,
    seconds,
    error: job.error,
  };
  const result = Object.fromEntries(Object.entries(job.result ?? {}).map(([name, value]) => [name, Number(value)]));
  if (job.state === 'failed') log.warn({ ...facts, log: job.log.slice(-5) }, 'a maintenance job failed');
  else log.info({ ...facts, ...result }, 'a maintenance job ended');
}

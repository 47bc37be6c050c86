/**
 * Everything that watches the daemon, assembled: log, metrics, traces, events, and the loops that feed them. Owns what each report of
 * the daemon becomes in each of them; decides nothing about the daemon.
 */
import type { EventFeed, EventSink } from '../contracts/events.ts';
import type { Exposition, Metrics } from '../contracts/metrics.ts';
import type { ServiceLog } from '../contracts/service-log.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';
import { NO_TRACER, type Tracer } from '../contracts/tracing.ts';
import type { Settings } from '../config/settings.ts';
import { messageOf } from '../core/errors.ts';
import { uuidV4, type Runtime } from '../core/runtime.ts';
import { TaskGroup } from '../core/task-group.ts';
import type { DiskObserver } from '../lane/metered-disk.ts';
import type { StoreObserver } from '../store/metered-store.ts';
import { watchEventLoop } from '../telemetry/event-loop.ts';
import { EventHub } from '../telemetry/events/event-hub.ts';
import { TableStates, type SeenState } from '../telemetry/events/table-states.ts';
import { openLog } from '../telemetry/logs/log.ts';
import { createMetrics } from '../telemetry/metrics/registry.ts';
import { readTrouble } from '../telemetry/trouble.ts';
import type { Watch } from './watch.ts';

export interface Telemetry {
  readonly log: ServiceLog;
  readonly setLogLevel: (level: Settings['logLevel']) => void;
  readonly metrics: Metrics & Exposition;
  readonly tracer: Tracer;
  readonly events: EventSink & EventFeed;
  readonly store: StoreObserver;
  readonly disk: DiskObserver;
  /** What the coordinator reports. */
  readonly onTrouble: (table: string, state: string, cause: string) => void;
  readonly onCheckpoint: (record: CheckpointRecord) => void;
  /** Begins what goes on by itself: samples and summaries. Whoever starts it closes it. */
  start(): void;
  /** Sends what waits. Never rejects. */
  close(): Promise<void>;
}

/** Of the causes and reasons in events; their whole text is in the log. */
const MAX_DETAIL = 500;

/** `stateOf`: how the table is now, undefined when it is not open. */
export async function openTelemetry(
  settings: Settings,
  runtime: Runtime,
  version: string,
  watch: Watch,
  stateOf: (table: string) => SeenState | undefined,
): Promise<Telemetry> {
  const log = openLog(settings.logLevel, runtime.clock);
  const metrics = watch.beside(createMetrics({ version }));
  const events = new EventHub(runtime);
  const tracer = await openTracer(settings, runtime, version, log);
  const states = new TableStates();
  const tasks = new TaskGroup((task, error) => log.error({ task, err: error }, 'a task of the telemetry failed'));

  const lookAt = (table: string): void => {
    const state = stateOf(table);
    if (state === undefined) return;
    const change = states.look(table, {
      ...state,
      ...(state.reason === undefined ? {} : { reason: short(state.reason) }),
    });
    if (change !== undefined) events.publish(change);
  };

  return {
    log,
    setLogLevel: log.setLevel,
    metrics,
    tracer,
    events,
    store: {
      finished: (operation, result, seconds) => metrics.storeRequest(operation, result, seconds),
      retried: (operation, kind) => {
        metrics.storeRetry(operation, kind);
        log.debug({ operation, kind }, 'a store request is tried again');
      },
    },
    disk: (step, seconds, bytes) => metrics.logWrite(step, seconds, bytes),
    onTrouble: (table, state, cause) => {
      watch.trouble(table, state, cause);
      const { attempt, failure, parked, level, message } = readTrouble(state);
      const detail = short(cause);
      if (attempt !== undefined) {
        metrics.commitAttempt(table, attempt);
        events.publish({ type: `commit.${attempt}`, table, detail });
      }
      if (failure !== undefined) {
        metrics.checkpointFailed(table, failure);
        events.publish({ type: 'checkpoint.failed', table, cause: state, detail });
      }
      if (parked === true) events.publish({ type: 'table.parked', table });
      log[level]({ table, state, cause }, message);
      lookAt(table);
    },
    onCheckpoint: (record) => {
      const { table, epoch, snapshot, records, files, bytes, freshnessSeconds, phases, cut } = record;
      metrics.commitAttempt(table, 'committed');
      metrics.checkpoint(record);
      events.publish({
        type: 'checkpoint.committed',
        table,
        epoch,
        ...(snapshot === undefined ? {} : { snapshot }),
        records,
        files,
        bytes,
        ...(freshnessSeconds === undefined ? {} : { freshnessSeconds }),
      });
      const position = Object.entries(cut).map(([lane, to]) => `p${lane}-${to}`);
      log.debug({ table, epoch, snapshot, position, records, phases }, 'checkpoint');
      if (states.troubled(table)) lookAt(table);
    },
    start: () => {
      tasks.spawn('event loop', (signal) =>
        watchEventLoop(runtime.clock, (late) => metrics.eventLoopDelay(late), signal),
      );
      tasks.spawn('log summaries', (signal) => log.run(signal));
    },
    close: async () => {
      events.close();
      await tasks.stop();
      await tracer.close();
    },
  };
}

async function openTracer(settings: Settings, runtime: Runtime, version: string, log: ServiceLog) {
  const { traces } = settings;
  if (traces === undefined) return { ...NO_TRACER, close: () => Promise.resolve() };
  // Loaded here, so that a daemon without a collector carries none of it.
  const { openOtlpTracer } = await import('../telemetry/traces/otlp-tracer.ts');
  const service = { version, instance: uuidV4(runtime.random) };
  return openOtlpTracer(traces, service, runtime.random, (cause) =>
    log.warn({ collector: traces.url, cause: messageOf(cause) }, 'spans could not be sent and are lost'),
  );
}

const short = (text: string): string => (text.length <= MAX_DETAIL ? text : `${text.slice(0, MAX_DETAIL)}…`);

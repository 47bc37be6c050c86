/** Series of what the process leans on: store, log disk, event loop, and the readers of its events. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../contracts/metrics.ts';

const STORE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
const DISK_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const DELAY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export function processMetrics(
  registry: Registry,
): Pick<Metrics, 'storeRequest' | 'storeRetry' | 'logWrite' | 'eventLoopDelay' | 'eventReaderDropped'> {
  const registers = [registry];
  const storeDuration = new Histogram({
    name: 'sluice_store_request_duration_seconds',
    help: 'Calls to the object store by operation and code, retries included.',
    labelNames: ['op', 'code'],
    buckets: STORE_BUCKETS,
    registers,
  });
  const storeRetries = new Counter({
    name: 'sluice_store_retries_total',
    help: 'Requests to the object store that failed and were sent again.',
    labelNames: ['op', 'code'],
    registers,
  });
  const logDuration = new Histogram({
    name: 'sluice_wal_write_duration_seconds',
    help: 'Writes (append) and syncs of the log; requests that arrive together share them.',
    labelNames: ['step'],
    buckets: DISK_BUCKETS,
    registers,
  });
  const logWritten = new Counter({
    name: 'sluice_wal_written_bytes_total',
    help: 'Bytes appended to the log.',
    registers,
  });
  const loopDelay = new Histogram({
    name: 'sluice_eventloop_delay_seconds',
    help: 'How much later than asked the event loop came back; sampled 50 times a second.',
    buckets: DELAY_BUCKETS,
    registers,
  });
  const readersDropped = new Counter({
    name: 'sluice_event_readers_dropped_total',
    help: 'Readers of /api/v1/events that were too slow and were cut off.',
    registers,
  });
  return {
    storeRequest: (op, code, seconds) => storeDuration.observe({ op, code }, seconds),
    storeRetry: (op, code) => storeRetries.inc({ op, code }),
    logWrite: (step, seconds, bytes) => {
      logDuration.observe({ step }, seconds);
      if (bytes > 0) logWritten.inc(bytes);
    },
    eventLoopDelay: (seconds) => loopDelay.observe(seconds),
    eventReaderDropped: () => readersDropped.inc(),
  };
}

/** Series of requests: those for records by table, and all of them by route. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../contracts/metrics.ts';
import type { TableSeries } from './table-series.ts';

const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Any other word a client may send as its method is one series. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

export function requestMetrics(
  registry: Registry,
  tables: TableSeries,
): Pick<Metrics, 'ingest' | 'request' | 'inFlight' | 'deadLetters'> {
  const registers = [registry];
  const records = tables.counter({
    name: 'sluice_ingest_records_total',
    help: 'Records of requests, by what became of them.',
    labelNames: ['source', 'result'],
  });
  const bytes = tables.counter({
    name: 'sluice_ingest_bytes_total',
    help: 'Bytes of request bodies after decompression.',
  });
  const deadLetters = tables.counter({
    name: 'sluice_dead_letter_records_total',
    help: 'Records that went to the dead-letter table of a table, by code.',
    labelNames: ['code'],
  });
  const ingestRequests = new Counter({
    name: 'sluice_ingest_requests_total',
    help: 'Requests for records, by result.',
    labelNames: ['result'],
    registers,
  });
  const ingestDuration = new Histogram({
    name: 'sluice_ingest_request_duration_seconds',
    help: 'Requests for records, from the headers to the answer.',
    labelNames: ['ack'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const duration = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'Every request but subscriptions, by route and status; waiting that was asked for included.',
    labelNames: ['method', 'route', 'code'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const inFlight = new Gauge({
    name: 'sluice_http_requests_in_flight',
    help: 'Requests whose answer is not complete, subscriptions included.',
    registers,
  });
  // One object a combination: looking a label set up costs more than the rest of an observation.
  const accepted = { source: 'http', result: 'accepted' };

  return {
    ingest: (seen) => {
      ingestRequests.inc({ result: seen.result });
      ingestDuration.observe({ ack: seen.ack }, seen.seconds);
      if (seen.table === undefined) return;
      records(
        seen.table,
        seen.records,
        seen.result === 'accepted' ? accepted : { source: 'http', result: seen.result },
      );
      bytes(seen.table, seen.bytes);
    },
    request: ({ method, route, status, seconds }) =>
      duration.observe(
        { method: METHODS.has(method) ? method : 'other', route: route ?? 'none', code: String(status) },
        seconds,
      ),
    inFlight: (change) => inFlight.inc(change),
    deadLetters: (table, code, count) => deadLetters(table, count, { code }),
  };
}

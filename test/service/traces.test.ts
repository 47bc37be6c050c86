/** Traces of the real daemon, as a collector receives them: one a checkpoint, with the requests it is made of linked to it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { OtlpCollector, type CollectedSpan } from '../support/otlp-collector.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

let folder: TemporaryFolder;
let collector: OtlpCollector;
let daemon: Daemon;
beforeEach(async () => {
  folder = await temporaryFolder();
  collector = await OtlpCollector.start();
});
afterEach(async () => {
  await daemon.kill();
  await collector.close();
  await folder.remove();
});

async function start(sample: number): Promise<string> {
  daemon = await Daemon.start({
    directory: folder.path,
    yaml: `checkpoint: { interval: 200ms }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
telemetry: { traces: { otlp: "${collector.url}", sample: ${sample} } }
`,
  });
  const url = await daemon.url;
  const created = await fetch(`${url}/api/v1/tables`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'shop.orders', schema: [{ name: 'id', type: 'long' }], partition_by: ['id'] }),
  });
  expect(created.status).toBe(201);
  return url;
}

async function send(url: string, body: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}/api/v1/tables/shop.orders/records?ack=committed&timeout=60s`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body,
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

/** The last spans are sent when the daemon ends. */
async function spansAtTheEnd(): Promise<readonly CollectedSpan[]> {
  daemon.signal('SIGTERM');
  expect(await daemon.exit(20_000)).toBe(0);
  return collector.spans;
}

const named = (spans: readonly CollectedSpan[], name: string): readonly CollectedSpan[] =>
  spans.filter((span) => span.name === name);

test('a checkpoint is one trace: encode, one upload a file, commit with its attempts; its requests are linked, not parents', async () => {
  const url = await start(1);
  const answer = await send(url, '{"id":1}\n{"id":2}\n', { traceparent: `00-${TRACE}-${CALLER}-01` });
  const spans = await spansAtTheEnd();
  expect(collector.paths).toEqual(new Set(['/v1/traces']));

  const [request, ...otherRequests] = named(spans, 'POST /api/v1/tables/:table/records');
  expect(otherRequests).toEqual([]);
  expect(request).toMatchObject({
    traceId: TRACE,
    parentSpanId: CALLER,
    attributes: {
      'http.response.status_code': 200,
      'sluice.table': 'shop.orders',
      'sluice.position': answer['position'],
      'sluice.records': 2,
    },
  });

  const [checkpoint, ...otherCheckpoints] = named(spans, 'checkpoint');
  expect(otherCheckpoints).toEqual([]);
  expect(checkpoint?.parentSpanId).toBeUndefined();
  expect(checkpoint?.traceId).not.toBe(TRACE);
  expect(checkpoint?.links).toMatchObject([{ traceId: TRACE, spanId: request?.spanId }]);
  expect(checkpoint?.attributes).toMatchObject({
    'sluice.table': 'shop.orders',
    'sluice.epoch': '1',
    'sluice.snapshot_id': answer['snapshot_id'],
    'sluice.position': answer['position'],
    'sluice.records': 2,
  });
  const below = (span: CollectedSpan | undefined) => ({ traceId: checkpoint?.traceId, parentSpanId: span?.spanId });
  expect(named(spans, 'encode')).toMatchObject([below(checkpoint)]);
  expect(named(spans, 'upload')).toMatchObject([below(checkpoint), below(checkpoint)]);
  const [commit] = named(spans, 'commit');
  expect(commit).toMatchObject(below(checkpoint));
  expect(named(spans, 'attempt')).toMatchObject([{ ...below(commit), attributes: { 'sluice.outcome': 'committed' } }]);
});

test('a caller that does not sample is not recorded, nor linked; the checkpoint is', async () => {
  const url = await start(1);
  await send(url, '{"id":1}\n', { traceparent: `00-${TRACE}-${CALLER}-00` });
  const spans = await spansAtTheEnd();
  expect(named(spans, 'POST /api/v1/tables/:table/records')).toEqual([]);
  expect(named(spans, 'checkpoint')).toMatchObject([{ links: [] }]);
});

test('a checkpoint links as many requests as a span may have, and says how many more there were', async () => {
  const url = await start(1);
  await Promise.all(Array.from({ length: 300 }, (_, id) => send(url, `{"id":${id % 3}}\n`)));
  const checkpoints = named(await spansAtTheEnd(), 'checkpoint');
  const linked = checkpoints.reduce((sum, { links }) => sum + links.length, 0);
  const more = checkpoints.reduce((sum, { attributes }) => sum + Number(attributes['sluice.links_dropped'] ?? 0), 0);
  expect(Math.max(...checkpoints.map(({ links }) => links.length))).toBeLessThanOrEqual(128);
  expect(linked + more).toBe(300);
});

test('a collector that hangs holds up neither records nor the end', async () => {
  collector.refuse('hang');
  const url = await start(1);
  await send(url, '{"id":1}\n');
  expect(await spansAtTheEnd()).toEqual([]);
  expect(daemon.log).toContain('spans could not be sent and are lost');
});

test('a collector that refuses costs nothing but its spans, and the log says so', async () => {
  collector.refuse(400);
  const url = await start(1);
  await send(url, '{"id":1}\n');
  expect(await spansAtTheEnd()).toEqual([]);
  expect(daemon.log).toContain('spans could not be sent and are lost');
});

/**
 * `npm run bench ingest -- [--records N] [--seconds S] [--out FILE]`: HTTP NDJSON → committed Iceberg table, with the load generator on the
 * same machine, beside the engine limit in the same run. Prints Markdown; `--out` writes it with the command and the machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { childJson, load } from './child.ts';
import { eventFields, writeEvents } from './events.ts';
import type { BulkJob, LoadResult } from './load-generator.ts';
import { cpuSeconds, peakBytes, quantile, syncTimes } from './measure.ts';
import { service } from './service.ts';

const YAML = 'server: { listen: "127.0.0.1:0" }\ncheckpoint: { interval: 1s }\ntelemetry: { log_level: warn }\n';

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string', default: '5000000' },
      seconds: { type: 'string', default: '30' },
      connections: { type: 'string', default: '4' },
      batch: { type: 'string', default: '1048576' },
      out: { type: 'string' },
    },
  });
  const records = Number(values.records);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  try {
    const cache = join(tmpdir(), 'sluice-bench-events');
    await mkdir(cache, { recursive: true });
    const events = join(cache, `events-${records}-seed-42.ndjson`);
    const { bytes } = await writeEvents(events, records, 42);
    const limit = await childJson<Limit>('./engine-limit.ts', [events, join(folder, 'limit.parquet')]);
    const bulk = await onTable(join(folder, 'bulk'), (url, pid) =>
      measureBulk(url, pid, {
        kind: 'bulk',
        url: '',
        file: events,
        batchBytes: Number(values.batch),
        connections: Number(values.connections),
      }),
    );
    // What the bulk load left for the disk to write is not the paced load's.
    await settleDisk();
    const sync = await syncTimes(folder, 500);
    const [paced, syncMeanwhile] = await onTable(join(folder, 'paced'), (url) =>
      Promise.all([
        load({
          kind: 'paced',
          url: `${url}/records`,
          requestsPerSecond: 1000,
          recordsPerRequest: 10,
          seconds: Number(values.seconds),
          committedEvery: 50,
          seed: 7,
        }),
        childJson<number[]>('./sync-probe.ts', [folder, values.seconds]),
      ]),
    );
    const report = render({
      command: `npm run bench ingest -- ${args.join(' ')}`,
      records,
      bytes,
      sync,
      syncMeanwhile,
      limit,
      bulk,
      paced,
    });
    process.stdout.write(report);
    if (values.out !== undefined) await writeFile(values.out, report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Limit {
  readonly records: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Bulk {
  readonly result: LoadResult;
  readonly committedSeconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly files: number;
  readonly counted: bigint;
}

async function measureBulk(url: string, pid: number, job: BulkJob): Promise<Bulk> {
  const before = await cpuSeconds(pid);
  const started = performance.now();
  const result = await load({ ...job, url: `${url}/records` });
  const waited = await fetch(`${url}/positions/${result.lastPosition ?? ''}?wait=committed&timeout=60s`);
  const flushed = await fetch(`${url}/actions/flush`, { method: 'POST' });
  if (!waited.ok || !flushed.ok)
    throw new Error(`not committed: ${waited.status} ${flushed.status} ${await flushed.text()}`);
  const committedSeconds = (performance.now() - started) / 1000;
  const cpu = (await cpuSeconds(pid)) - before;
  const { files } = (await (await fetch(`${url}/files`)).json()) as { files: { record_count: string }[] };
  const counted = files.reduce((sum, file) => sum + BigInt(file.record_count), 0n);
  return { result, committedSeconds, cpuSeconds: cpu, peakBytes: await peakBytes(pid), files: files.length, counted };
}

/** On a daemon of its own with 1 s checkpoints, whose table is new. */
const onTable = <T>(directory: string, work: (tableUrl: string, pid: number) => Promise<T>): Promise<T> =>
  service(directory, YAML, async (base, pid) => {
    const created = await fetch(`${base}/api/v1/tables`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'bench.events', schema: { fields: eventFields } }),
    });
    if (!created.ok) throw new Error(`create table: ${created.status} ${await created.text()}`);
    return work(`${base}/api/v1/tables/bench.events`, pid);
  });

const settleDisk = (): Promise<unknown> => once(spawn('sync'), 'close');

interface Report {
  readonly command: string;
  readonly records: number;
  readonly bytes: number;
  readonly sync: readonly number[];
  readonly syncMeanwhile: readonly number[];
  readonly limit: Limit;
  readonly bulk: Bulk;
  readonly paced: LoadResult;
}

function render({ command, records, bytes, sync, syncMeanwhile, limit, bulk, paced }: Report): string {
  const perSecond = (count: number, seconds: number): string => `${Math.round(count / seconds / 1000)} k`;
  const ms = (values: readonly number[], q: number): string => quantile(values, q).toFixed(1);
  const ratio = records / bulk.cpuSeconds / (records / limit.cpuSeconds);
  const lines = [
    `# Ingest benchmark, ${new Date().toISOString().slice(0, 10)}`,
    '',
    `\`${command}\` · ${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    '',
    `${records.toLocaleString('en')} events of ${(bytes / records).toFixed(0)} bytes; load generator on the same cores; checkpoints every second; local files, SQLite catalog.`,
    '',
    '| figure | engine limit | Sluice | ratio |',
    '|---|---|---|---|',
    `| records/s, to the last commit | ${perSecond(limit.records, limit.seconds)} | ${perSecond(records, bulk.committedSeconds)} | ${(limit.seconds / bulk.committedSeconds).toFixed(2)} |`,
    `| records/s, durable | | ${perSecond(records, bulk.result.seconds)} | |`,
    `| records per CPU-second | ${perSecond(limit.records, limit.cpuSeconds)} | ${perSecond(records, bulk.cpuSeconds)} | ${ratio.toFixed(2)} |`,
    `| peak memory of the daemon | | ${Math.round(bulk.peakBytes / 2 ** 20)} MiB | |`,
    `| data files | 1 | ${bulk.files} | |`,
    `| records counted in the table | ${limit.records} | ${bulk.counted} | |`,
    `| retries (503) | | ${bulk.result.retries} | |`,
    `| ack of bulk requests p50 / p99 | | ${ms(bulk.result.ackMs, 0.5)} / ${ms(bulk.result.ackMs, 0.99)} ms | |`,
    '',
    `Paced load, ${Math.round(paced.records / paced.seconds).toLocaleString('en')} records/s in requests of 10 for ${paced.seconds.toFixed(0)} s (latency from when a request was due):`,
    '',
    '| figure | p50 | p99 |',
    '|---|---|---|',
    `| ack=durable | ${ms(paced.ackMs, 0.5)} ms | ${ms(paced.ackMs, 0.99)} ms |`,
    `| freshness (ack=committed) | ${ms(paced.freshMs, 0.5)} ms | ${ms(paced.freshMs, 0.99)} ms |`,
    `| the disk's own sync, 3 KB appends, before the load | ${ms(sync, 0.5)} ms | ${ms(sync, 0.99)} ms |`,
    `| the disk's own sync, another process beside the load | ${ms(syncMeanwhile, 0.5)} ms | ${ms(syncMeanwhile, 0.99)} ms |`,
    '',
    `503 answers: ${paced.retries}.`,
    '',
  ];
  return lines.join('\n');
}

/**
 * `npm run bench maintenance [-- --records N --rounds N --seconds S --files N --rows N --out FILE]`: ingestion with maintenance that never
 * pauses, over ingestion without any, by turns and each on a folder of its own. Both load one table, first at full speed and then at a
 * fixed rate; the load generator shares the cores with the daemon. The maintenance is `busy-maintenance.ts`.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSettings } from '../../src/config/load.ts';
import { BusyMaintenance, type Work } from './busy-maintenance.ts';
import { load } from './child.ts';
import { makeTable } from './compact-table.ts';
import { eventFields, writeEvents } from './events.ts';
import { cpuSeconds, quantile } from './measure.ts';
import { service } from './service.ts';

const EVERY_SECOND = '{ schedule: "* * * * * *" }';
const SHARED_YAML =
  'server: { listen: "127.0.0.1:0" }\ncheckpoint: { interval: 1s }\ntelemetry: { log_level: error }\n';
const YAML = {
  without: `${SHARED_YAML}maintenance: { compaction: { enabled: false }, expiry: { enabled: false }, manifests: { enabled: false }, orphans: { enabled: false } }\n`,
  beside: `${SHARED_YAML}maintenance: { compaction: ${EVERY_SECOND}, expiry: ${EVERY_SECOND}, manifests: ${EVERY_SECOND}, orphans: ${EVERY_SECOND} }\n`,
};
/** A tenth or less of what two cores can take, and many requests. */
const PACED = { requestsPerSecond: 500, recordsPerRequest: 100, committedEvery: 25 };

type Arm = keyof typeof YAML;

interface Measured {
  /** Records a second, to the last commit. */
  readonly rate: number;
  readonly cpuSeconds: number;
  readonly pacedRate: number;
  readonly ackMs: readonly number[];
  readonly freshMs: readonly number[];
  readonly refused: number;
  readonly work: Work;
}

interface Bench {
  readonly directory: string;
  readonly events: string;
  readonly records: number;
  readonly seconds: number;
  readonly files: number;
  readonly rows: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string', default: '5000000' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '10' },
      files: { type: 'string', default: '60' },
      rows: { type: 'string', default: '20000' },
      out: { type: 'string' },
    },
  });
  const [records, rounds] = [Number(values.records), Number(values.rounds)];
  const base = await mkdtemp(join(tmpdir(), 'bench-maintenance-'));
  try {
    const cache = join(tmpdir(), 'sluice-bench-events');
    await mkdir(cache, { recursive: true });
    const events = join(cache, `events-${records}-seed-42.ndjson`);
    await writeEvents(events, records, 42);
    const bench = {
      events,
      records,
      seconds: Number(values.seconds),
      files: Number(values.files),
      rows: Number(values.rows),
    };
    const measured: Record<Arm, Measured[]> = { without: [], beside: [] };
    for (let round = 0; round < rounds; round += 1) {
      const order: readonly Arm[] = round % 2 === 0 ? ['without', 'beside'] : ['beside', 'without'];
      for (const arm of order) {
        const one = await measure(arm, { ...bench, directory: join(base, `${round}-${arm}`) });
        process.stderr.write(`round ${round + 1}, ${arm}: ${Math.round(one.rate / 1000)} k records/s\n`);
        measured[arm].push(one);
      }
    }
    const report = render(`npm run bench maintenance -- ${args.join(' ')}`, bench, measured);
    process.stdout.write(report);
    if (values.out !== undefined) await writeFile(values.out, report);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** On a folder of its own, which is gone afterwards. */
async function measure(arm: Arm, bench: Bench): Promise<Measured> {
  const { directory, files, rows } = bench;
  await mkdir(directory, { recursive: true });
  const config = join(directory, 'backlog.yaml');
  await writeFile(config, `data_dir: ${join(directory, 'data')}\n`);
  const settings = loadSettings(config, { env: {}, directory, readFile: (path) => readFileSync(path, 'utf8') });
  await makeTable(settings, files, rows, false);
  try {
    return await service(directory, YAML[arm], async (base, pid) =>
      underLoad(base, pid, bench, arm === 'beside' ? await BusyMaintenance.begin(base) : undefined),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function underLoad(
  base: string,
  pid: number,
  { events, records, seconds }: Bench,
  maintenance: BusyMaintenance | undefined,
): Promise<Measured> {
  const body = JSON.stringify({ name: 'bench.events', schema: { fields: eventFields } });
  const headers = { 'content-type': 'application/json' };
  await expectOk(fetch(`${base}/api/v1/tables`, { method: 'POST', headers, body }));
  const table = `${base}/api/v1/tables/bench.events`;
  const before = await cpuSeconds(pid);
  const started = performance.now();
  const bulk = await load({ kind: 'bulk', url: `${table}/records`, file: events, batchBytes: 2 ** 20, connections: 4 });
  await expectOk(fetch(`${table}/positions/${bulk.lastPosition ?? ''}?wait=committed&timeout=60s`));
  await expectOk(fetch(`${table}/actions/flush`, { method: 'POST' }));
  const rate = records / ((performance.now() - started) / 1000);
  const cpu = (await cpuSeconds(pid)) - before;
  const paced = await load({ kind: 'paced', url: `${table}/records`, seconds, seed: 7, ...PACED });
  const work = (await maintenance?.end()) ?? { share: 0, bytesRead: 0, jobs: 0 };
  return {
    rate,
    cpuSeconds: cpu,
    pacedRate: paced.records / paced.seconds,
    ackMs: paced.ackMs,
    freshMs: paced.freshMs,
    refused: bulk.retries + paced.retries,
    work,
  };
}

async function expectOk(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
}

function render(
  command: string,
  { records, files, rows }: Omit<Bench, 'directory'>,
  { without, beside }: Readonly<Record<Arm, readonly Measured[]>>,
): string {
  const median = (all: readonly Measured[], of: (one: Measured) => number): number => quantile(all.map(of), 0.5);
  const row = (name: string, of: (one: Measured) => number, told: (value: number) => string): string => {
    const [left, right] = [median(without, of), median(beside, of)];
    return `| ${name} | ${told(left)} | ${told(right)} | ${(right / left).toFixed(2)} |`;
  };
  const thousand = (value: number): string => `${Math.round(value / 1000)} k`;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const spread = (all: readonly Measured[]): string =>
    all
      .map(({ rate }) => Math.round(rate / 1000))
      .toSorted((a, b) => a - b)
      .join(', ');
  const { share, bytesRead, jobs } = {
    share: quantile(
      beside.map(({ work }) => work.share),
      0.5,
    ),
    bytesRead: quantile(
      beside.map(({ work }) => work.bytesRead),
      0.5,
    ),
    jobs: quantile(
      beside.map(({ work }) => work.jobs),
      0.5,
    ),
  };
  return [
    `# Ingestion beside maintenance, ${new Date().toISOString().slice(0, 10)}`,
    '',
    `\`${command}\` · ${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, Node ${process.versions.node}, load average ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}`,
    '',
    `${records.toLocaleString('en')} events of 284 bytes at full speed, then ${(PACED.requestsPerSecond * PACED.recordsPerRequest).toLocaleString('en')} a second; checkpoints every second; medians of ${without.length} rounds by turns.`,
    `Beside it: all four kinds of maintenance look at every table every second, and a backlog of ${files} files of ${rows.toLocaleString('en')} rows is compacted and set back again and again.`,
    `A compaction was under way for ${(100 * share).toFixed(0)} % of the time; it read ${(bytesRead / 1e6).toFixed(0)} MB; ${jobs} jobs ended.`,
    '',
    '| figure | without maintenance | beside it | ratio |',
    '|---|---|---|---|',
    row('records/s at full speed, to the last commit', ({ rate }) => rate, thousand),
    row(
      'CPU seconds of the daemon for it',
      ({ cpuSeconds }) => cpuSeconds,
      (value) => value.toFixed(1),
    ),
    row('records/s at the fixed rate', ({ pacedRate }) => pacedRate, thousand),
    row('ack=durable at the fixed rate, p50', ({ ackMs }) => quantile(ackMs, 0.5), ms),
    row('ack=durable at the fixed rate, p99', ({ ackMs }) => quantile(ackMs, 0.99), ms),
    row('freshness at the fixed rate, p50', ({ freshMs }) => quantile(freshMs, 0.5), ms),
    row('freshness at the fixed rate, p99', ({ freshMs }) => quantile(freshMs, 0.99), ms),
    '',
    `Thousands of records a second in each round: without ${spread(without)}; beside it ${spread(beside)}. 503 answers: ${[...without, ...beside].reduce((sum, { refused }) => sum + refused, 0)}.`,
    '',
  ].join('\n');
}

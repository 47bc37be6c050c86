/**
 * `npm run bench isolation [-- --seconds N --out FILE]`: acknowledgement times of a paced producer on a table of its own, alone and beside
 * bombs, slow clients, and a table that cannot be written. Load generator and attackers share the machine's cores with the daemon.
 */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Daemon } from '../support/daemon/daemon.ts';
import { BOMBS, SlowClients } from '../support/bombs/bombs.ts';
import { load } from './child.ts';
import type { PacedJob } from './load-generator.ts';
import { eventFields } from './events.ts';
import { cpuSeconds, peakBytes, quantile } from './measure.ts';

const YAML = `server: { listen: "127.0.0.1:0", drain_delay: 0s, limits: { header_timeout: 2s, request_timeout: 4s } }
checkpoint: { interval: 1s }
telemetry: { log_level: fatal }
`;
const REQUESTS_PER_SECOND = 100;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '15' }, out: { type: 'string' } },
  });
  const seconds = Number(values.seconds);
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const turns = join(directory, 'turns');
  const daemon = await Daemon.start({
    directory,
    yaml: YAML,
    env: { NODE_OPTIONS: `--import=${new URL('./turn-monitor.ts', import.meta.url).href}`, SLUICE_TURNS: turns },
  });
  const longestTurn = async (): Promise<string> => {
    await rm(turns, { force: true });
    daemon.signal('SIGUSR2');
    for (;;) {
      const text = await readFile(turns, 'utf8').catch(() => '');
      if (text !== '') return text;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  try {
    const tables = `${await daemon.url}/api/v1/tables`;
    await create(tables, 'bench.well', eventFields);
    await create(tables, 'bench.hurt', [{ name: 'id', type: 'long', required: true }]);
    await create(tables, 'bench.broken', [{ name: 'id', type: 'long' }]);
    const hurt = `${tables}/bench.hurt`;
    const phase = (name: string, attack: (until: AbortSignal) => Promise<string>): Promise<string> =>
      measured(name, { url: `${tables}/bench.well/records`, seconds, pid: daemon.pid, longestTurn }, attack);
    // Packing a gibibyte takes the attacker longer than unpacking its first bytes takes the daemon: that is done before.
    for (const bomb of BOMBS) await bomb.send(hurt);
    const rows = [
      await phase('alone', () => Promise.resolve('')),
      await phase('bombs, one after the other', (until) => bombs(hurt, until)),
      await phase('500 clients whose headers trickle', (until) => slow(hurt, 'headers', until)),
      await phase('500 clients whose bodies trickle', (until) => slow(hurt, 'body', until)),
      await phase('another table refuses every record', (until) => refused(hurt, until)),
      await phase('another table cannot be written', (until) => broken(join(directory, 'data'), tables, until)),
      await phase('alone again', () => Promise.resolve('')),
    ];
    const report = [
      `# Isolation benchmark, ${new Date().toISOString().slice(0, 10)}`,
      '',
      `\`npm run bench isolation -- ${args.join(' ')}\` · ${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, Node ${process.versions.node}, load average ${loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}`,
      '',
      `A producer sends ${REQUESTS_PER_SECOND} requests a second of 10 records with \`ack=durable\` (latency from when a request was due) to a table of its own.`,
      'It, the daemon and the attackers share the cores. Longest turn: the most CPU time that the event loop of the daemon took in one go.',
      '',
      '| beside | ack p50 | ack p99 | worst | refused | daemon CPU | longest turn | attack |',
      '|---|---|---|---|---|---|---|---|',
      ...rows,
      '',
      `Peak memory of the daemon: ${Math.round((await peakBytes(daemon.pid)) / 2 ** 20)} MiB.`,
      '',
    ].join('\n');
    process.stdout.write(report);
    if (values.out !== undefined) await writeFile(values.out, report);
  } finally {
    await daemon.kill();
    await rm(directory, { recursive: true, force: true });
  }
}

async function create(tables: string, name: string, fields: readonly object[]): Promise<void> {
  const answer = await fetch(tables, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, schema: fields }),
  });
  if (!answer.ok) throw new Error(`create ${name}: ${await answer.text()}`);
}

interface Subject {
  readonly url: string;
  readonly seconds: number;
  readonly pid: number;
  /** CPU milliseconds, since it was last asked. */
  readonly longestTurn: () => Promise<string>;
}

async function measured(
  name: string,
  { url, seconds, pid, longestTurn }: Subject,
  attack: (until: AbortSignal) => Promise<string>,
): Promise<string> {
  const job: PacedJob = {
    kind: 'paced',
    url,
    requestsPerSecond: REQUESTS_PER_SECOND,
    recordsPerRequest: 10,
    seconds,
    committedEvery: Number.MAX_SAFE_INTEGER,
    seed: 7,
  };
  const over = new AbortController();
  await longestTurn();
  const before = await cpuSeconds(pid);
  const attacking = attack(over.signal);
  const result = await load(job);
  const cpu = (await cpuSeconds(pid)) - before;
  const turn = await longestTurn();
  over.abort();
  const told = await attacking;
  const ms = (q: number): string => `${quantile(result.ackMs, q).toFixed(1)} ms`;
  return `| ${name} | ${ms(0.5)} | ${ms(0.99)} | ${ms(1)} | ${result.retries} | ${((100 * cpu) / result.seconds).toFixed(0)} % | ${turn} ms | ${told} |`;
}

async function bombs(table: string, until: AbortSignal): Promise<string> {
  let sent = 0;
  while (!until.aborted) {
    for (const bomb of BOMBS) {
      if (until.aborted) break;
      const status = await bomb.send(table);
      if (!bomb.statuses.includes(status)) throw new Error(`${bomb.name}: ${status}`);
      sent += 1;
    }
  }
  return `${sent} bombs`;
}

async function slow(table: string, part: 'headers' | 'body', until: AbortSignal): Promise<string> {
  let closed = 0;
  let opened = 0;
  while (!until.aborted) {
    const clients = new SlowClients(table, 500, part, 200);
    opened += 500;
    while (!until.aborted && clients.closed < 500) await new Promise((resolve) => setTimeout(resolve, 100));
    closed += clients.closed;
    clients.stop();
  }
  return `${closed} of ${opened} cut off`;
}

async function refused(table: string, until: AbortSignal): Promise<string> {
  let sent = 0;
  const client = async (): Promise<void> => {
    while (!until.aborted) {
      const answer = await fetch(`${table}/records`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: '{"id":"one"}\n',
      });
      await answer.arrayBuffer();
      if (answer.status !== 422) throw new Error(`status ${answer.status}`);
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await Promise.all(Array.from({ length: 4 }, client));
  return `${sent} refused requests`;
}

/** The table's folder becomes a file: none of its commits can succeed, all of its records stay in the log. */
async function broken(data: string, tables: string, until: AbortSignal): Promise<string> {
  const location = join(data, 'warehouse/bench/broken');
  await rename(location, `${location}-aside`);
  await writeFile(location, 'not a folder');
  let sent = 0;
  while (!until.aborted) {
    const answer = await fetch(`${tables}/bench.broken/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: '{"id":1}\n',
    });
    await answer.arrayBuffer();
    sent += 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { tables: states } = (await (await fetch(tables)).json()) as { tables: { table: string; state: string }[] };
  await rm(location);
  await rename(`${location}-aside`, location);
  return `${sent} requests to it, state ${states.find(({ table }) => table === 'bench.broken')?.state}`;
}

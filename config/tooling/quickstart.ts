/**
 * `npm run quickstart`: the main job on the embedded default, end to end: real flights over HTTP into the real daemon, a checkpoint, then a
 * query of the table. Leaves the table in `sluice-data/quickstart`, so that it can be looked at; a second run starts over.
 */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const FLIGHTS = 200_000;
const BATCH_BYTES = 1024 * 1024;
const FLIGHTS_FILE = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const directory = resolve('sluice-data/quickstart');
const config = join(directory, 'sluice.yaml');

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(
    config,
    `data_dir: ${JSON.stringify(directory)}\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\ntelemetry: { log_level: warn }\n`,
  );
  const flights = join(directory, 'flights.ndjson');
  await exportFlights(flights);

  const daemon = spawn(process.execPath, [MAIN, 'run', '-c', config, '-o', 'json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { url } = JSON.parse(await firstLine(daemon.stdout)) as { readonly url: string };
    say(`the daemon listens on ${url}`);
    await post(
      `${url}/api/v1/tables`,
      'application/json',
      JSON.stringify({
        name: 'demo.flights',
        schema: {
          fields: [
            { name: 'date', type: 'timestamp', required: true },
            { name: 'delay', type: 'int' },
            { name: 'distance', type: 'int' },
            { name: 'origin', type: 'string' },
            { name: 'destination', type: 'string' },
          ],
        },
        partition_by: ['day(date)'],
      }),
    );
    const started = performance.now();
    let accepted = 0;
    for await (const batch of batches(flights)) {
      const answer = await post(`${url}/api/v1/tables/demo.flights/records`, 'application/x-ndjson', batch);
      accepted += (answer as { readonly accepted: number }).accepted;
    }
    await post(`${url}/api/v1/tables/demo.flights/actions/flush`, 'application/json', '{}');
    say(
      `${accepted.toLocaleString('en')} flights sent and committed in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
    const described = (await (await fetch(`${url}/api/v1/tables/demo.flights`)).json()) as Record<string, string>;
    say(`the table lies at ${described['location']}`);
    say(`its current metadata: ${described['metadata_location']}\n`);
  } finally {
    daemon.kill('SIGTERM');
    if (daemon.exitCode === null) await new Promise((done) => daemon.once('exit', done));
  }
  const sql =
    'select origin, count(*) as flights, round(avg(delay), 1) as mean_delay from demo.flights group by origin order by flights desc limit 5';
  say(`sluice query -c ${config} '${sql}'`);
  await run(['query', '-c', config, sql]);
  await rm(flights);
}

/** The first flights of the `vega-datasets` package as NDJSON. */
async function exportFlights(path: string): Promise<void> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(
    `COPY (SELECT strftime(date, '%Y-%m-%dT%H:%M:%S') AS date, delay, distance, origin, destination FROM '${FLIGHTS_FILE}' LIMIT ${FLIGHTS}) TO '${path}' (FORMAT json)`,
  );
  connection.closeSync();
}

/** Pieces of about a megabyte that end at a line end. */
async function* batches(path: string): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: BATCH_BYTES })) {
    const all = Buffer.concat([rest, chunk as Buffer]);
    const end = all.lastIndexOf(0x0a) + 1;
    rest = all.subarray(end);
    yield all.subarray(0, end);
  }
  if (rest.length > 0) yield rest;
}

async function post(url: string, contentType: string, body: Buffer | string): Promise<unknown> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'inherit' });
  const code = await new Promise((done) => child.once('exit', done));
  if (code !== 0) throw new Error(`sluice ${args[0]} ended with ${String(code)}`);
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  throw new Error('the daemon ended before it was ready');
}

await main();

/** Three million real flights over HTTP into a partitioned table, with checkpoints every second: totals equal the source's in every engine. */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { EngineAnswer } from './harness.ts';
import { ALL_READERS, reader } from './readers.ts';
import { TestDaemon } from './support-daemon.ts';
import { lint } from './support-lint.ts';

const SOURCE = fileURLToPath(new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const YAML = 'checkpoint: { interval: 1s }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const TABLE = 'real.flights';
const BATCH_BYTES = 1024 * 1024;
const CONNECTIONS = 3;

const run = promisify(execFile);

interface Totals {
  readonly flights: string;
  readonly delay: string;
  readonly least: string;
  readonly greatest: string;
}

describe('3,000,000 flights', () => {
  let daemon: TestDaemon;
  let expected: Totals;

  beforeAll(async () => {
    daemon = await TestDaemon.start(YAML);
    const export_ = join(daemon.folder, 'flights.ndjson');
    expected = await exportFlights(export_);
    await daemon.create({
      name: TABLE,
      columns: { date: 'timestamp', delay: 'int', distance: 'int', origin: 'string', destination: 'string' },
      partitionBy: ['month(date)'],
    });
    await sendLines(daemon, export_);
    await daemon.flush(TABLE);
  });
  afterAll(() => daemon.stop());

  it('lie in the partitions of their months, in files that add up', async () => {
    const files = await daemon.files(TABLE);
    const rows = files.reduce((sum, file) => sum + BigInt(file.record_count), 0n);
    const months = new Set(files.map((file) => file.partition.join()));
    expect({ rows, months: [...months].toSorted() }).toEqual({
      rows: BigInt(expected.flights),
      months: ['2001-01', '2001-02', '2001-03', '2001-04', '2001-05', '2001-06', '2001-07'],
    });
    // Checkpoints every second: the load was not taken in one piece.
    expect((await daemon.snapshots(TABLE)).length).toBeGreaterThan(2);
  });

  it('have metadata, manifests and files without fault', async () => {
    const { metadata } = await daemon.describe(TABLE);
    expect(await lint(metadata, daemon.catalog)).toEqual([]);
  });

  it('have the totals of the source in our own query', async () => {
    const sql = `select count(*)::varchar flights, sum(delay)::varchar delay, ${instant('min(date)')} least, ${instant('max(date)')} greatest from ${TABLE}`;
    const { stdout } = await run(process.execPath, [MAIN, 'query', '-c', daemon.configuration, '-o', 'json', sql]);
    expect(JSON.parse(stdout)).toEqual([expected]);
  });

  it.each(ALL_READERS)('have the totals of the source in %s', async (name) => {
    const { metadata } = await daemon.describe(TABLE);
    const engine = reader(name);
    try {
      await engine.open();
      const answer = await engine.read({ mode: 'aggregate', metadata, columns: ['delay', 'date'] });
      expect(totalsOf(answer)).toEqual(expected);
    } finally {
      await engine.close();
    }
  });
});

function totalsOf(answer: EngineAnswer): Totals | EngineAnswer {
  if (answer.kind !== 'aggregate') return answer;
  const { delay, date } = answer.columns;
  return {
    flights: answer.count,
    delay: delay?.sum ?? 'none',
    least: date?.min ?? 'none',
    greatest: date?.max ?? 'none',
  };
}

const instant = (column: string): string => `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%f')`;

/** Writes the source as NDJSON, each row with its number as the key, and resolves to the totals of the source itself. */
async function exportFlights(path: string): Promise<Totals> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(
      `COPY (SELECT row_number() OVER () AS id, ${instant('date')} AS date, delay, distance, origin, destination FROM '${SOURCE}') TO '${path}' (FORMAT json)`,
    );
    const totals = await connection.runAndReadAll(
      `SELECT count(*)::varchar, sum(delay)::varchar, ${instant('min(date)')}, ${instant('max(date)')} FROM '${SOURCE}'`,
    );
    const [flights, delay, least, greatest] = (totals.getRows()[0] ?? []).map(String);
    return { flights: flights ?? '', delay: delay ?? '', least: least ?? '', greatest: greatest ?? '' };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Sends pieces of about a megabyte that end at a line end, over a few connections at once. */
async function sendLines(daemon: TestDaemon, path: string): Promise<void> {
  const batches = batchesOf(path);
  const sender = async (): Promise<void> => {
    for (let next = await batches.next(); next.done !== true; next = await batches.next())
      await daemon.sendBytes(TABLE, next.value);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, () => sender()));
}

async function* batchesOf(path: string): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: BATCH_BYTES })) {
    const all = Buffer.concat([rest, chunk as Buffer]);
    const end = all.lastIndexOf(0x0a) + 1;
    rest = all.subarray(end);
    if (end > 0) yield all.subarray(0, end);
  }
  if (rest.length > 0) yield rest;
}

/**
 * One way to get NDJSON events into zstd Parquet, in a process of its own: `node staging-worker.ts WAY THREADS FILE DIRECTORY`.
 * Prints one JSON line. The file is in the page cache already.
 */
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scheduler } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { createDuckDbEngine } from '../../src/columnar/engine/duckdb-engine.ts';
import type { FileLayout, Staging } from '../../src/contracts/column-engine.ts';
import type { PartitionField } from '../../src/record/partition-spec.ts';
import { duckdbColumns, eventFields } from './events.ts';
import { peakBytes } from './measure.ts';

const [way = '', threads = '2', file = '', directory = ''] = process.argv.slice(2);
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;
/** As the daemon has it. */
const PIECE_BYTES = 128 * 1024 * 1024;
/** Lines of a group in the ways that take groups. */
const REQUEST_LINES = 500;
/** Requests come in over many turns of the event loop, in which spools are written. */
const TURN_GROUPS = 8;
/** A second of the rate to reach. */
const EPOCH_RECORDS = 250_000;
const EPOCH_GROUPS = EPOCH_RECORDS / REQUEST_LINES;

interface Result {
  readonly bytes: number;
  readonly files: number;
}

const bucketed: readonly PartitionField[] = [
  { sourceId: 3, fieldId: 1000, name: 'user_bucket', transform: { kind: 'bucket', buckets: 16 } },
];
const byText: readonly PartitionField[] = [
  { sourceId: 10, fieldId: 1000, name: 'session_bucket', transform: { kind: 'bucket', buckets: 16 } },
];
const byCountry: readonly PartitionField[] = [
  { sourceId: 5, fieldId: 1000, name: 'country', transform: { kind: 'identity' } },
];

interface Way {
  /** 0: takes the file as it lies there. */
  readonly groupLines: number;
  run(arriving: readonly Group[]): Promise<Result>;
}

const ways: Readonly<Record<string, Way>> = {
  limit: { groupLines: 0, run: () => oneStatement('') },
  'limit, zstd level 1': { groupLines: 0, run: () => oneStatement(', COMPRESSION_LEVEL 1') },
  engine: { groupLines: REQUEST_LINES, run: (arriving) => engine(arriving, []) },
  'engine, bucket(16, user_id)': { groupLines: REQUEST_LINES, run: (arriving) => engine(arriving, bucketed) },
  'engine, bucket(16, session)': { groupLines: REQUEST_LINES, run: (arriving) => engine(arriving, byText) },
  'engine, identity(country)': { groupLines: REQUEST_LINES, run: (arriving) => engine(arriving, byCountry) },
  'table, groups of 1,000': { groupLines: 1000, run: stagingTable },
  'table, groups of 16,000': { groupLines: 16_000, run: stagingTable },
};

const chosen = ways[way];
if (chosen === undefined) throw new Error(`unknown way "${way}"; one of: ${Object.keys(ways).join(' | ')}`);
const input = chosen.groupLines === 0 ? Buffer.alloc(0) : await readFile(file);
const arriving = groups(input, chosen.groupLines);
const used = process.cpuUsage();
const started = performance.now();
const result = await chosen.run(arriving);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(used);
// What stands for the network here is not the way's own.
const peak = (await peakBytes(process.pid)) - input.length;
process.stdout.write(`${JSON.stringify({ ...result, seconds, cpuSeconds: (user + system) / 1e6, peak })}\n`);

/** What no ingestion through DuckDB can beat. */
async function oneStatement(options: string): Promise<Result> {
  const connection = await connect();
  const out = join(directory, 'limit.parquet');
  await connection.run(`COPY (SELECT * FROM ${events(file)}) TO '${out}' (FORMAT parquet, COMPRESSION zstd${options})`);
  return { bytes: (await stat(out)).size, files: 1 };
}

/** Log as staging: checked bytes spooled as they arrive, decoded and encoded at the checkpoint. */
async function engine(arriving: readonly Group[], partition: readonly PartitionField[]): Promise<Result> {
  const columns = await createDuckDbEngine({
    directory: join(directory, 'engine'),
    threads: Number(threads),
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
    maxWrites: 2,
    maxPieceBytes: PIECE_BYTES,
  });
  const layout: FileLayout = {
    schema: {
      schemaId: 0,
      fields: eventFields.map(({ name, type, required }, index) => ({
        id: index + 1,
        name,
        type: { kind: type },
        required,
      })),
    },
    spec: { specId: 0, fields: partition },
    sortOrder: { orderId: 0, fields: [] },
    targetFileBytes: 256 * 1024 * 1024,
    compression: 'zstd',
    metricsColumns: 100,
  };
  const result = { bytes: 0, files: 0 };
  const finish = async (staging: Staging): Promise<void> => {
    for (const file of await staging.write(new AbortController().signal)) {
      result.bytes += Number(file.fileSizeInBytes);
      result.files += 1;
    }
    await staging.drop();
  };
  // Epochs as checkpoints cut them: one is written while the next fills.
  let writing = Promise.resolve();
  for (let from = 0; from < arriving.length; from += EPOCH_GROUPS) {
    const staging = columns.staging(layout, `epoch-${from}`);
    for (const [index, { lines, count }] of arriving.slice(from, from + EPOCH_GROUPS).entries()) {
      staging.append(lines, count);
      if (index % TURN_GROUPS === 0) await scheduler.yield();
    }
    await writing;
    writing = finish(staging);
  }
  await writing;
  await columns.close();
  return result;
}

/** Staging table: every group decoded as it arrives, at most two at a time, encoded at the checkpoint. */
async function stagingTable(arriving: readonly Group[]): Promise<Result> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads,
    memory_limit: `${MEMORY_LIMIT_BYTES}B`,
    preserve_insertion_order: 'false',
    temp_directory: join(directory, 'spill'),
  });
  const connections = [await instance.connect(), await instance.connect()];
  const [first, second] = connections as [DuckDBConnection, DuckDBConnection];
  const result = { bytes: 0, files: 0 };
  const decoding: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];
  let rows = 0;
  let turn = 0;
  const finish = async (): Promise<void> => {
    await Promise.all(decoding);
    const out = join(directory, `table-${result.files}.parquet`);
    await first.run(`COPY staging TO '${out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`);
    await first.run('DROP TABLE staging');
    result.bytes += (await stat(out)).size;
    result.files += 1;
    rows = 0;
  };
  for (const { lines, count } of arriving) {
    if (rows === 0) await first.run(`CREATE TABLE staging AS SELECT * FROM ${events(file)} LIMIT 0`);
    const slot = turn % 2 === 0 ? 0 : 1;
    turn += 1;
    await decoding[slot];
    const path = join(directory, `group-${slot}.ndjson`);
    await writeFile(path, lines);
    decoding[slot] = (slot === 0 ? first : second).run(`INSERT INTO staging SELECT * FROM ${events(path)}`);
    rows += count;
    if (rows >= EPOCH_RECORDS) await finish();
  }
  if (rows > 0) await finish();
  return result;
}

function events(path: string): string {
  return `read_json('${path}', columns = ${duckdbColumns}, format = 'newline_delimited', records = true)`;
}

async function connect(): Promise<DuckDBConnection> {
  return (await DuckDBInstance.create(':memory:', { threads, preserve_insertion_order: 'false' })).connect();
}

interface Group {
  readonly lines: Uint8Array;
  readonly count: number;
}

/** The file in groups of `size` lines, as requests would bring them: views into what is in memory before the clock starts. */
function groups(bytes: Buffer, size: number): readonly Group[] {
  const cut: Group[] = [];
  let from = 0;
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    count += 1;
    if (count < size && at + 1 < bytes.length) continue;
    cut.push({ lines: bytes.subarray(from, at + 1), count });
    from = at + 1;
    count = 0;
  }
  return cut;
}

for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });

/**
 * One way to get NDJSON events into zstd Parquet, in a process of its own: `node staging-worker.ts WAY THREADS FILE DIRECTORY`.
 * Prints one JSON line. The file is in the page cache already.
 */
import { open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { createDuckDbEngine } from '../../src/columnar/engine/duckdb-engine.ts';
import type { FileLayout } from '../../src/contracts/column-engine.ts';
import type { PartitionField } from '../../src/record/partition-spec.ts';
import { duckdbColumns, eventFields } from './events.ts';
import { peakBytes } from './measure.ts';

const [way = '', threads = '2', file = '', directory = ''] = process.argv.slice(2);
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;
const BLOCK_BYTES = 1024 * 1024;

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

const ways: Readonly<Record<string, () => Promise<Result>>> = {
  limit: () => oneStatement(''),
  'limit, zstd level 1': () => oneStatement(', COMPRESSION_LEVEL 1'),
  engine: () => engine([]),
  'engine, bucket(16, user_id)': () => engine(bucketed),
  'engine, bucket(16, session)': () => engine(byText),
  'engine, identity(country)': () => engine(byCountry),
  'table, groups of 1,000': () => stagingTable(1000),
  'table, groups of 16,000': () => stagingTable(16_000),
};

const used = process.cpuUsage();
const started = performance.now();
const result = await (ways[way] ?? unknown)();
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(used);
const peak = await peakBytes(process.pid);
process.stdout.write(`${JSON.stringify({ ...result, seconds, cpuSeconds: (user + system) / 1e6, peak })}\n`);

async function unknown(): Promise<Result> {
  throw new Error(`unknown way "${way}"; one of: ${Object.keys(ways).join(' | ')}`);
}

/** What no ingestion through DuckDB can beat. */
async function oneStatement(options: string): Promise<Result> {
  const connection = await connect();
  const out = join(directory, 'limit.parquet');
  await connection.run(`COPY (SELECT * FROM ${events(file)}) TO '${out}' (FORMAT parquet, COMPRESSION zstd${options})`);
  return { bytes: (await stat(out)).size, files: 1 };
}

/** Log as staging: checked bytes spooled as they arrive, decoded and encoded at the checkpoint. */
async function engine(partition: readonly PartitionField[]): Promise<Result> {
  const columns = await createDuckDbEngine({
    directory: join(directory, 'engine'),
    threads: Number(threads),
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
    maxWrites: 2,
    maxPieceBytes: 4 * 1024 ** 3,
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
    targetFileBytes: 1024 ** 3,
    compression: 'zstd',
    metricsColumns: 100,
  };
  const staging = columns.staging(layout, 'bench');
  for await (const { lines, count } of groups(500)) staging.append(lines, count);
  const files = await staging.write(new AbortController().signal);
  const bytes = files.reduce((total, one) => total + Number(one.fileSizeInBytes), 0);
  await columns.close();
  return { bytes, files: files.length };
}

/** Staging table: every group decoded as it arrives, at most two at a time, encoded at the checkpoint. */
async function stagingTable(size: number): Promise<Result> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads,
    memory_limit: `${MEMORY_LIMIT_BYTES}B`,
    preserve_insertion_order: 'false',
    temp_directory: join(directory, 'spill'),
  });
  const connections = [await instance.connect(), await instance.connect()];
  const [first, second] = connections as [DuckDBConnection, DuckDBConnection];
  await first.run(`CREATE TABLE staging AS SELECT * FROM ${events(file)} LIMIT 0`);
  let turn = 0;
  const decoding: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];
  for await (const { lines } of groups(size)) {
    const slot = turn % 2 === 0 ? 0 : 1;
    turn += 1;
    await decoding[slot];
    const path = join(directory, `group-${slot}.ndjson`);
    await writeFile(path, lines);
    decoding[slot] = (slot === 0 ? first : second).run(`INSERT INTO staging SELECT * FROM ${events(path)}`);
  }
  await Promise.all(decoding);
  const out = join(directory, 'table.parquet');
  await first.run(`COPY staging TO '${out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`);
  return { bytes: (await stat(out)).size, files: 1 };
}

function events(path: string): string {
  return `read_json('${path}', columns = ${duckdbColumns}, format = 'newline_delimited', records = true)`;
}

async function connect(): Promise<DuckDBConnection> {
  return (await DuckDBInstance.create(':memory:', { threads, preserve_insertion_order: 'false' })).connect();
}

/** The file in groups of about `size` lines, as requests would bring them. */
async function* groups(size: number): AsyncGenerator<{ readonly lines: Uint8Array; readonly count: number }> {
  const input = await open(file, 'r');
  let rest = Buffer.alloc(0);
  try {
    for (;;) {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      const { bytesRead } = await input.read(block, 0, BLOCK_BYTES);
      const bytes = Buffer.concat([rest, block.subarray(0, bytesRead)]);
      let from = 0;
      let count = 0;
      let end = 0;
      for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
        count += 1;
        end = at + 1;
        if (count < size && bytesRead > 0) continue;
        yield { lines: bytes.subarray(from, end), count };
        from = end;
        count = 0;
      }
      rest = bytes.subarray(from);
      if (bytesRead === 0) break;
    }
  } finally {
    await input.close();
  }
}

for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });

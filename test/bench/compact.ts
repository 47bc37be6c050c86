/**
 * `npm run bench compact [-- --files N --rows N --threads N --memory MiB --sorted]`: many small files of one table become few, by the compactor of the daemon in
 * a process of its own. Reports bytes and rows a second, CPU seconds and peak memory of that process, downloads and commits included.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadSettings } from '../../src/config/load.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import type { DataFile } from '../../src/record/data-file.ts';
import { openWarehouse } from '../../src/service/warehouse.ts';
import { NO_METRICS, nextToken, progressTo } from '../support/iceberg/samples.ts';

const runFile = promisify(execFile);
const TABLE = { namespace: ['bench'], name: 'compact' };
/** Ten columns of the kinds that events have. */
const COLUMNS = [
  ['id', 'long', 'i'],
  ['user_id', 'long', 'hash(i) % 1000000'],
  ['session', 'int', '(hash(i + 1) % 100000)::INTEGER'],
  ['amount', 'double', '(hash(i + 2) % 100000) / 100.0'],
  ['at', 'timestamptz', `make_timestamptz(1700000000000000 + i * 1000)`],
  ['country', 'string', `['PL', 'DE', 'FR', 'US', 'JP'][(hash(i + 3) % 5 + 1)::INTEGER]`],
  ['path', 'string', `'/shop/item/' || (hash(i + 4) % 5000)`],
  ['agent', 'string', `'agent ' || (hash(i + 5) % 50)`],
  ['ok', 'boolean', 'hash(i + 6) % 10 > 0'],
  ['bytes', 'int', '(hash(i + 7) % 65536)::INTEGER'],
] as const;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peak: number;
  readonly idlePeak: number;
  readonly filesAfter: number;
  readonly bytesWritten: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: 'string', default: '400' },
      rows: { type: 'string', default: '50000' },
      threads: { type: 'string', default: '1' },
      memory: { type: 'string', default: '256' },
      sorted: { type: 'boolean', default: false },
    },
  });
  const [files, rows] = [Number(values.files), Number(values.rows)];
  const base = await mkdtemp(join(tmpdir(), 'bench-compact-'));
  try {
    const config = join(base, 'sluice.yaml');
    await writeFile(
      config,
      `data_dir: ${base}\nfile: { target: 128MiB }\nmaintenance: { threads: ${values.threads}, memory: ${values.memory}MiB }\n`,
    );
    const bytes = await makeTable(config, files, rows, values.sorted);
    const worker = join(import.meta.dirname, 'compact-worker.ts');
    const { stdout } = await runFile(process.execPath, [worker, config]);
    const measured = JSON.parse(stdout) as Measured;
    const total = files * rows;
    for (const [name, value] of [
      ['files', `${files} of ${(bytes / files / 1e6).toFixed(2)} MB → ${measured.filesAfter}`],
      ['read', `${(bytes / 1e6).toFixed(0)} MB, ${total.toLocaleString('en')} rows`],
      ['written', `${(measured.bytesWritten / 1e6).toFixed(0)} MB`],
      ['seconds', measured.seconds.toFixed(1)],
      ['MB/s', (bytes / 1e6 / measured.seconds).toFixed(1)],
      ['rows/s', `${(total / measured.seconds / 1e6).toFixed(2)} M`],
      ['CPU seconds', measured.cpuSeconds.toFixed(1)],
      [
        'peak memory',
        `${(measured.peak / 2 ** 20).toFixed(0)} MiB (${(measured.idlePeak / 2 ** 20).toFixed(0)} before the work)`,
      ],
    ] as const)
      process.stdout.write(`${name.padEnd(14)}${value}\n`);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** Bytes of its files. */
async function makeTable(config: string, files: number, rows: number, sorted: boolean): Promise<number> {
  const warehouse = openWarehouse(loadSettings(config, sources), systemRuntime);
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  const { view } = await warehouse.tables.create({
    name: TABLE,
    fields: COLUMNS.map(([name, kind], at) => ({ id: at + 1, name, type: { kind }, required: false })),
    partition: [],
    ...(sorted
      ? {
          sortOrder: {
            orderId: 1,
            fields: [{ sourceId: 2, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }],
          },
        }
      : {}),
    properties: new Map(),
  });
  const folder = view.location.replace(/^file:\/\//, '');
  const ids = COLUMNS.map(([name], at) => `"${name}": ${at + 1}`).join(', ');
  const select = COLUMNS.map(([name, , value]) => `${value} AS "${name}"`).join(', ');
  await connection.run(`SET TimeZone = 'UTC'`);
  const added: DataFile[] = [];
  for (let file = 0; file < files; file += 1) {
    const path = join(folder, `small-${file}.parquet`);
    await connection.run(
      `COPY (SELECT ${select} FROM range(${file * rows}, ${(file + 1) * rows}) t(i)) TO '${path}' (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {${ids}})`,
    );
    added.push({
      format: 'parquet',
      filePath: `${view.location}/small-${file}.parquet`,
      partition: [],
      specId: 0,
      recordCount: BigInt(rows),
      fileSizeInBytes: BigInt((await stat(path)).size),
      metrics: NO_METRICS,
      splitOffsets: [4n],
    });
  }
  connection.closeSync();
  const change = { kind: 'append', added, progress: progressTo({ l: 1 }) } as const;
  const prepared = await warehouse.format.prepare(view, change, nextToken());
  const outcome = await warehouse.format.attempt(view, prepared);
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  await warehouse.close();
  return Number(added.reduce((sum, { fileSizeInBytes }) => sum + fileSizeInBytes, 0n));
}

const sources = {
  env: {},
  directory: tmpdir(),
  readFile: (path: string) => readFileSync(path, 'utf8'),
};

/**
 * `npm run bench compact [-- --files N --rows N --threads N --memory MiB --sorted --rounds N --spark-memory 1g --out FILE]`: many small files
 * of one table become few, by the compactor of the daemon in a process of its own, and in the same run by Spark's `rewrite_data_files` on
 * another copy of the same table, by turns. Reports bytes a second, CPU seconds and peak memory of both (downloads and commits included),
 * and query times before and after in DuckDB's Iceberg reader. SLUICE_ENGINES_PYTHON and SLUICE_SPARK_JARS name the other engines; what
 * is not there is left out, and said.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';
import { makeTable, metadataPath } from './compact-table.ts';
import { quantile } from './measure.ts';

const runFile = promisify(execFile);
/** A round of Spark on a loaded machine; what takes longer is stuck. */
const LIMIT_MS = 900_000;
const QUERY_PASSES = 5;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peak: number;
  readonly idlePeak: number;
  readonly filesAfter: number;
  readonly bytesWritten: number;
}

type QueryTimes = Readonly<Record<string, { readonly seconds: number; readonly rows: unknown }>>;

interface Bench {
  readonly config: string;
  readonly settings: Settings;
  /** Of the table in use, and of the one it is copied from. */
  readonly live: string;
  readonly pristine: string;
  readonly scratch: string;
  readonly python: string | undefined;
  readonly jars: string | undefined;
  readonly sparkMemory: string;
  readonly sorted: boolean;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: 'string', default: '400' },
      rows: { type: 'string', default: '50000' },
      threads: { type: 'string', default: '1' },
      memory: { type: 'string', default: '256' },
      rounds: { type: 'string', default: '1' },
      'spark-memory': { type: 'string', default: '1g' },
      sorted: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const [files, rows, rounds] = [Number(values.files), Number(values.rows), Number(values.rounds)];
  const base = await mkdtemp(join(tmpdir(), 'bench-compact-'));
  try {
    const bench = await prepare(base, values);
    const bytes = await makeTable(bench.settings, files, rows, values.sorted);
    await rename(bench.live, bench.pristine);
    const ours: Measured[] = [];
    const spark: Measured[] = [];
    let [before, after]: [QueryTimes | undefined, QueryTimes | undefined] = [undefined, undefined];
    for (let round = 0; round < rounds; round += 1) {
      await fresh(bench);
      before ??= await queryTimes(bench, files * rows);
      ours.push(await compacted(bench));
      after ??= await queryTimes(bench, files * rows);
      if (bench.python === undefined || bench.jars === undefined) continue;
      await fresh(bench);
      spark.push(await rewrittenBySpark(bench));
    }
    const report = [
      `# Compaction benchmark, ${new Date().toISOString().slice(0, 10)}`,
      '',
      `\`npm run bench compact -- ${args.join(' ')}\` · ${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, Node ${process.versions.node}, load average ${loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}`,
      '',
      `${files} files of ${(bytes / files / 1e6).toFixed(2)} MB, ${(files * rows).toLocaleString('en')} rows × 10 columns, ${(bytes / 1e6).toFixed(0)} MB; ` +
        `target 128 MiB${values.sorted ? ', sorted by user_id' : ''}; medians of ${rounds} rounds by turns. Sluice: ${values.threads} threads, ` +
        `${values.memory} MiB, as in the daemon (synced writes). Spark: local[2], ${bench.sparkMemory} heap, its start not counted.`,
      '',
      ...comparison(bytes, ours, spark),
      ...(spark.length > 0
        ? []
        : ['', 'Spark was **not** run: SLUICE_ENGINES_PYTHON or SLUICE_SPARK_JARS is not set.']),
      '',
      ...queries(before, after),
      '',
    ].join('\n');
    process.stdout.write(report);
    if (values.out !== undefined) await writeFile(values.out, report);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function prepare(
  base: string,
  values: { threads: string; memory: string; sorted: boolean; 'spark-memory': string },
): Promise<Bench> {
  const [config, live] = [join(base, 'sluice.yaml'), join(base, 'live')];
  await writeFile(
    config,
    `data_dir: ${live}\nfile: { target: 128MiB }\nmaintenance: { threads: ${values.threads}, memory: ${values.memory}MiB }\n`,
  );
  return {
    config,
    settings: loadSettings(config, { env: {}, directory: base, readFile: (path) => readFileSync(path, 'utf8') }),
    live,
    pristine: join(base, 'pristine'),
    scratch: join(base, 'scratch'),
    python: process.env['SLUICE_ENGINES_PYTHON'],
    jars: process.env['SLUICE_SPARK_JARS'],
    sparkMemory: values['spark-memory'],
    sorted: values.sorted,
  };
}

/** The table as it was made, on disk: neither pays for what the other, or the copy, has left to be written. */
async function fresh({ live, pristine }: Bench): Promise<void> {
  await rm(live, { recursive: true, force: true });
  await cp(pristine, live, { recursive: true });
  await runFile('sync');
}

async function compacted({ config }: Bench): Promise<Measured> {
  const worker = join(import.meta.dirname, 'compact-worker.ts');
  const { stdout } = await runFile(process.execPath, [worker, config], { timeout: LIMIT_MS });
  return JSON.parse(stdout) as Measured;
}

async function rewrittenBySpark(bench: Bench): Promise<Measured> {
  const { settings, python = '', sparkMemory, scratch, sorted } = bench;
  const { name, path } = settings.catalog;
  const warehouse = settings.warehouse;
  const target = String(settings.file.targetBytes);
  const script = join(import.meta.dirname, 'compact-spark.py');
  const args = [script, name, path, warehouse, sparkMemory, target, scratch, sorted ? 'user_id ASC NULLS FIRST' : ''];
  const { stdout } = await runFile(python, args, { timeout: LIMIT_MS });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured;
}

/** Undefined without the engine. The rows are compared by the caller: before and after they must be the same. */
async function queryTimes({ python, settings }: Bench, rows: number): Promise<QueryTimes | undefined> {
  if (python === undefined) return undefined;
  const from = 1_700_000_000_000_000 + Math.floor(rows / 2) * 1000;
  const until = from + Math.floor(rows / 1000) * 1000;
  const queries = {
    'full aggregate':
      'SELECT count(*), sum(bytes), epoch_us(min("at")), epoch_us(max("at")), count(DISTINCT path) FROM t',
    'a thousandth by time': `SELECT count(*), sum(bytes) FROM t WHERE "at" >= make_timestamptz(${from}) AND "at" < make_timestamptz(${until})`,
    'one user': 'SELECT count(*), sum(bytes) FROM t WHERE user_id = 4711',
  };
  const script = join(import.meta.dirname, 'compact-queries.py');
  const metadata = await metadataPath(settings);
  const { stdout } = await runFile(python, [script, metadata, String(QUERY_PASSES), JSON.stringify(queries)], {
    timeout: LIMIT_MS,
  });
  return JSON.parse(stdout) as QueryTimes;
}

function comparison(bytes: number, ours: readonly Measured[], spark: readonly Measured[]): readonly string[] {
  const median = (all: readonly Measured[], of: (one: Measured) => number): number => quantile(all.map(of), 0.5);
  const rate = ({ seconds }: Measured): number => bytes / 1e6 / seconds;
  const row = (
    name: string,
    of: (one: Measured) => number,
    digits: number,
    ratio: (a: number, b: number) => string,
  ) => {
    const [a, b] = [median(ours, of), median(spark, of)];
    const told = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));
    return `| ${name} | ${told(a)} | ${told(b)} | ${Number.isNaN(b) ? '–' : ratio(a, b)} |`;
  };
  const times = (a: number, b: number): string => `${(a / b).toFixed(2)} ×`;
  const MiB = 2 ** 20;
  return [
    '| | Sluice | Spark | Sluice / Spark |',
    '|---|---|---|---|',
    row('MB/s read', rate, 1, times),
    row('seconds', ({ seconds }) => seconds, 1, times),
    row('CPU seconds', ({ cpuSeconds }) => cpuSeconds, 1, times),
    row('peak memory, MiB', ({ peak }) => peak / MiB, 0, times),
    row(
      'of it before the work, MiB',
      ({ idlePeak }) => idlePeak / MiB,
      0,
      () => '',
    ),
    row(
      'files after',
      ({ filesAfter }) => filesAfter,
      0,
      () => '',
    ),
    row(
      'MB written',
      ({ bytesWritten }) => bytesWritten / 1e6,
      0,
      () => '',
    ),
  ];
}

function queries(before: QueryTimes | undefined, after: QueryTimes | undefined): readonly string[] {
  if (before === undefined || after === undefined)
    return ['Queries were **not** timed: SLUICE_ENGINES_PYTHON is not set.'];
  const rows = Object.entries(before).map(([name, { seconds, rows }]) => {
    const then = after[name];
    if (then === undefined || JSON.stringify(rows) !== JSON.stringify(then.rows))
      throw new Error(`"${name}" answers other rows after compaction`);
    return `| ${name} | ${(seconds * 1000).toFixed(0)} ms | ${(then.seconds * 1000).toFixed(0)} ms | ${(seconds / then.seconds).toFixed(1)} × |`;
  });
  return [
    `| query in DuckDB's Iceberg reader (median of ${QUERY_PASSES}) | before | after | faster |`,
    '|---|---|---|---|',
    ...rows,
  ];
}

/**
 * `npm run bench staging [-- --records N]`: the two ways to hold an epoch, and the engine, beside the limit of one statement over the same
 * bytes. Every figure is the median of three processes; ways alternate, so that a slow moment of the machine hits all of them.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, parseArgs } from 'node:util';
import { writeEvents } from './events.ts';
import { quantile } from './measure.ts';

const runFile = promisify(execFile);
const REPEATS = 3;
const WAYS = [
  'limit',
  'limit, zstd level 1',
  'engine',
  'engine, bucket(16, user_id)',
  'engine, bucket(16, session)',
  'engine, identity(country)',
  'table, groups of 1,000',
  'table, groups of 16,000',
];

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peak: number;
  readonly bytes: number;
  readonly files: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { records: { type: 'string', default: '2000000' } } });
  const records = Number(values.records);
  const base = await mkdtemp(join(tmpdir(), 'bench-staging-'));
  try {
    const file = join(base, 'events.ndjson');
    await writeEvents(file, records, 1);
    // Into the page cache, so that the first way is not the one that pays.
    await readFile(file);
    for (const threads of ['2', '1']) await measure(records, threads, file, base);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function measure(records: number, threads: string, file: string, base: string): Promise<void> {
  const results = new Map<string, Measured[]>(WAYS.map((way) => [way, []]));
  for (let repeat = 0; repeat < REPEATS; repeat += 1)
    for (const way of WAYS) results.get(way)?.push(await once(way, threads, file, base));
  print(`${threads} thread(s)`, 'records/s', 'records/CPU-s', 'peak MiB', 'files', 'MB');
  for (const [way, measured] of results) {
    const median = (of: (one: Measured) => number): number => quantile(measured.map(of), 0.5);
    print(
      way,
      thousands(records / median((one) => one.seconds)),
      thousands(records / median((one) => one.cpuSeconds)),
      (median((one) => one.peak) / 2 ** 20).toFixed(0),
      String(median((one) => one.files)),
      (median((one) => one.bytes) / 1e6).toFixed(0),
    );
  }
}

async function once(way: string, threads: string, file: string, base: string): Promise<Measured> {
  const directory = join(base, 'work');
  await mkdir(directory, { recursive: true });
  const worker = join(import.meta.dirname, 'staging-worker.ts');
  const { stdout } = await runFile(process.execPath, [worker, way, threads, file, directory]);
  return JSON.parse(stdout) as Measured;
}

const thousands = (value: number): string => `${(value / 1000).toFixed(0)} k`;

function print(first: string, ...cells: readonly string[]): void {
  process.stdout.write(`${first.padEnd(30)}${cells.map((cell) => cell.padStart(15)).join('')}\n`);
}

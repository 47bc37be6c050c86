/**
 * `npm run bench commit [-- --files 100,10000,100000 --commits N --per-commit N --fill N --interval S --out FILE]`: what one append commit
 * costs at so many data files in the table: wall and CPU of preparing and attempting it, on a local warehouse with the SQLite catalog.
 * Merging commits are among those measured. Commits are `interval` seconds apart by a clock of the benchmark's own, so that expiry as
 * configured by default goes on and metadata is as long as it gets; what expiry itself takes is not a commit's, and not measured.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSettings } from '../../src/config/load.ts';
import { systemRuntime, type Runtime } from '../../src/core/runtime.ts';
import type { IcebergView } from '../../src/iceberg/iceberg-format.ts';
import type { DataFile } from '../../src/record/data-file.ts';
import { openWarehouse, type Warehouse } from '../../src/service/warehouse.ts';
import { nextToken, progressTo } from '../support/iceberg/samples.ts';
import { quantile } from './measure.ts';

const TABLE = { namespace: ['bench'], name: 'commit' };
const COLUMNS = 10;
const HOUR_MS = 3_600_000;

interface Spent {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly merges: boolean;
}

interface Measured {
  readonly files: number;
  readonly commits: readonly Spent[];
  readonly snapshots: number;
  readonly metadataBytes: number;
  readonly manifests: number;
}

interface Plan {
  /** Data files of a measured commit, and of one that fills the table. */
  readonly perCommit: number;
  readonly fill: number;
  readonly commits: number;
  readonly intervalMs: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: 'string', default: '100,10000,100000' },
      commits: { type: 'string', default: '400' },
      'per-commit': { type: 'string', default: '1' },
      fill: { type: 'string', default: '500' },
      interval: { type: 'string', default: '10' },
      out: { type: 'string' },
    },
  });
  const plan = {
    perCommit: Number(values['per-commit']),
    fill: Number(values.fill),
    commits: Number(values.commits),
    intervalMs: Number(values.interval) * 1000,
  };
  const rows: Measured[] = [];
  for (const files of values.files.split(',').map(Number)) rows.push(await measured(files, plan));
  const report = [
    `# Commit benchmark, ${new Date().toISOString().slice(0, 10)}`,
    '',
    `\`npm run bench commit -- ${args.join(' ')}\` · ${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, Node ${process.versions.node}, load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
    '',
    `${plan.commits} append commits of ${plan.perCommit} data file(s) with bounds of ${COLUMNS} columns, ${values.interval} s apart by the clock of the table, on a table ` +
      `filled by commits of ${plan.fill} files; expiry as by default. Local warehouse, SQLite catalog, synced writes.`,
    '',
    '| data files before | wall p50 | wall p99 | CPU p50 | CPU p99 | CPU worst | merging commits | their CPU p50 | snapshots | metadata.json | manifests |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map(rowOf),
    '',
    ...ratios(rows),
    '',
  ].join('\n');
  process.stdout.write(report);
  if (values.out !== undefined) await writeFile(values.out, report);
}

const of = (commits: readonly Spent[], what: 'wallMs' | 'cpuMs', q: number): number =>
  quantile(
    commits.map((each) => each[what]),
    q,
  );
const ms = (value: number): string => (Number.isNaN(value) ? '–' : `${value.toFixed(1)} ms`);

function rowOf({ files, commits, snapshots, metadataBytes, manifests }: Measured): string {
  const merging = commits.filter(({ merges }) => merges);
  const cells = [
    files.toLocaleString('en'),
    ms(of(commits, 'wallMs', 0.5)),
    ms(of(commits, 'wallMs', 0.99)),
    ms(of(commits, 'cpuMs', 0.5)),
    ms(of(commits, 'cpuMs', 0.99)),
    ms(of(commits, 'cpuMs', 1)),
    String(merging.length),
    ms(of(merging, 'cpuMs', 0.5)),
    String(snapshots),
    `${(metadataBytes / 1024).toFixed(0)} KiB`,
    String(manifests),
  ];
  return `| ${cells.join(' | ')} |`;
}

function ratios(rows: readonly Measured[]): readonly string[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const ratio = (what: 'wallMs' | 'cpuMs', q: number): string =>
    `${(of(last.commits, what, q) / of(first.commits, what, q)).toFixed(2)} ×`;
  return [
    `From ${first.files.toLocaleString('en')} to ${last.files.toLocaleString('en')} files: wall p50 ${ratio('wallMs', 0.5)}, ` +
      `p99 ${ratio('wallMs', 0.99)}; CPU p50 ${ratio('cpuMs', 0.5)}, p99 ${ratio('cpuMs', 0.99)}.`,
  ];
}

async function measured(files: number, plan: Plan): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-commit-'));
  try {
    const config = join(directory, 'sluice.yaml');
    await writeFile(config, `data_dir: ${directory}\n`);
    const readFile = (path: string): string => readFileSync(path, 'utf8');
    const settings = loadSettings(config, { env: {}, directory, readFile });
    const { maxAgeMs, minSnapshots } = settings.maintenance.expiry;
    const clock = new TableClock();
    const warehouse = openWarehouse(settings, clock.runtime);
    const table = await BenchTable.create(warehouse, clock, plan, { maxAgeMs, minToKeep: minSnapshots });
    try {
      for (let left = files; left > 0; left -= plan.fill) await table.commit(Math.min(left, plan.fill));
      // Until snapshots are as many as expiry leaves.
      const steady = Math.ceil((maxAgeMs + HOUR_MS) / plan.intervalMs);
      for (let at = 0; at < steady; at += 1) await table.commit(0);
      const commits: Spent[] = [];
      for (let at = 0; at < plan.commits; at += 1) commits.push(await table.commit(plan.perCommit));
      return { files, commits, ...(await table.facts()) };
    } finally {
      await warehouse.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The wall clock goes on only when told. */
class TableClock {
  now = Date.now();
  readonly runtime: Runtime = {
    ...systemRuntime,
    clock: { ...systemRuntime.clock, now: () => this.now },
  };
}

class BenchTable {
  readonly #warehouse: Warehouse;
  readonly #clock: TableClock;
  readonly #plan: Plan;
  readonly #expiry: { readonly maxAgeMs: number; readonly minToKeep: number };
  #view: IcebergView;
  #files = 0;
  #expiredAt: number;

  private constructor(
    warehouse: Warehouse,
    clock: TableClock,
    plan: Plan,
    expiry: { readonly maxAgeMs: number; readonly minToKeep: number },
    view: IcebergView,
  ) {
    this.#warehouse = warehouse;
    this.#clock = clock;
    this.#plan = plan;
    this.#expiry = expiry;
    this.#view = view;
    this.#expiredAt = clock.now;
  }

  static async create(
    warehouse: Warehouse,
    clock: TableClock,
    plan: Plan,
    expiry: { readonly maxAgeMs: number; readonly minToKeep: number },
  ): Promise<BenchTable> {
    const { view } = await warehouse.tables.create({
      name: TABLE,
      fields: Array.from({ length: COLUMNS }, (_, at) => ({
        id: at + 1,
        name: `c${at}`,
        type: { kind: 'long' as const },
        required: false,
      })),
      partition: [],
      properties: new Map(),
    });
    return new BenchTable(warehouse, clock, plan, expiry, view);
  }

  async commit(files: number): Promise<Spent> {
    const { format } = this.#warehouse;
    this.#clock.now += this.#plan.intervalMs;
    await this.#expire();
    const before = this.#view;
    const added = Array.from({ length: files }, () => this.#file());
    const progress = progressTo({ l: this.#files });
    const [cpu, started] = [process.cpuUsage(), performance.now()];
    const prepared = await format.prepare(before, { kind: 'append', added, progress }, nextToken());
    const outcome = await format.attempt(before, prepared);
    const wallMs = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    if (outcome.kind !== 'committed') throw new Error(`a commit ended as ${outcome.kind}`);
    await this.#move(outcome.view);
    return { wallMs, cpuMs: (user + system) / 1000, merges: prepared.attempts.merged.size > 0 };
  }

  async facts(): Promise<Pick<Measured, 'snapshots' | 'metadataBytes' | 'manifests'>> {
    const { snapshots, dataManifests } = await this.#warehouse.maintenance.facts(this.#view);
    const { size } = await stat(pathOf(this.#view));
    return { snapshots, metadataBytes: size, manifests: dataManifests };
  }

  async #expire(): Promise<void> {
    if (this.#clock.now - this.#expiredAt < HOUR_MS) return;
    this.#expiredAt = this.#clock.now;
    const { maintenance } = this.#warehouse;
    const outcome = await maintenance.expire(
      this.#view,
      maintenance.planExpiry(this.#view, this.#expiry, this.#clock.now),
    );
    if (outcome.kind !== 'committed') throw new Error(`expiry ended as ${outcome.kind}`);
    await this.#move(outcome.view);
  }

  /** The file before would go an hour later: thousands of them are no part of what is measured. */
  async #move(view: IcebergView): Promise<void> {
    await rm(pathOf(this.#view));
    this.#view = view;
  }

  #file(): DataFile {
    this.#files += 1;
    const long = (value: number): Uint8Array => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(value));
      return bytes;
    };
    const each = <T>(value: (column: number) => T): ReadonlyMap<number, T> =>
      new Map(Array.from({ length: COLUMNS }, (_, at) => [at + 1, value(at)]));
    return {
      format: 'parquet',
      filePath: `${this.#view.location}/data/01a21084-7f3c-7000-8000-${String(this.#files).padStart(12, '0')}.parquet`,
      partition: [],
      specId: 0,
      recordCount: 10_000n,
      fileSizeInBytes: 400_000n + BigInt(this.#files % 1000),
      metrics: {
        columnSizes: each((at) => BigInt(40_000 + at)),
        valueCounts: each(() => 10_000n),
        nullValueCounts: each(() => 0n),
        nanValueCounts: new Map(),
        lowerBounds: each((at) => long(this.#files * 10_000 + at)),
        upperBounds: each((at) => long(this.#files * 10_000 + 9_999 + at)),
      },
      splitOffsets: [4n],
    };
  }
}

const pathOf = ({ metadataLocation }: IcebergView): string => metadataLocation.replace(/^file:\/\//, '');

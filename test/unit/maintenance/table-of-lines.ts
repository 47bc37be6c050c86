/**
 * A real Iceberg table in memory whose data files are lines of text, and a rewriter that puts lines together: what the compactor does to
 * rows can be read off, and tests can step in between reading and committing.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitQueue } from '../../../src/commit/commit-queue.ts';
import type { FileRewriter, RewriteRequest, Rewritten } from '../../../src/contracts/file-rewriter.ts';
import type { JobReport } from '../../../src/contracts/maintenance-port.ts';
import { NO_TRACER } from '../../../src/contracts/tracing.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import type { PreparedIcebergReplace } from '../../../src/iceberg/prepared-replace.ts';
import { openIceberg, type Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import { Compactor, type CompactionPolicy } from '../../../src/maintenance/compactor.ts';
import type { CommitTarget } from '../../../src/maintenance/commit-replace.ts';
import { Expirer } from '../../../src/maintenance/expirer.ts';
import type { DataFile } from '../../../src/record/data-file.ts';
import { LocalScratch } from '../../../src/store/local-scratch.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from '../../support/iceberg/locations.ts';
import { LosingPointers } from '../../support/iceberg/losing-pointers.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { EVENTS, NO_METRICS, collect, nextToken, progressTo } from '../../support/iceberg/samples.ts';
import { testRuntime, type TestRuntime } from '../../support/sim-disk/test-runtime.ts';

const ROOT = 's3://lake';
const NEVER = new AbortController().signal;

export const POLICY: CompactionPolicy = {
  targetBytes: 1024 * 1024,
  minFiles: 2,
  hotFiles: 3,
  maxGroupBytes: 8 * 1024 * 1024,
  coldAfterMs: 60_000,
};

export class TableOfLines {
  readonly runtime: TestRuntime = testRuntime(5);
  readonly store = new MemoryStore(this.runtime.clock);
  readonly pointers = new LosingPointers(new MemoryPointers());
  readonly locations = oneStore(ROOT, this.store);
  readonly iceberg: Iceberg = openIceberg(this.pointers, this.locations, ROOT, this.runtime);
  readonly queue = new CommitQueue();
  readonly logged: string[] = [];
  readonly report: JobReport = { log: (line) => void this.logged.push(line), progress: () => undefined };
  readonly compactor: Compactor<IcebergView, PreparedIcebergReplace>;
  readonly expirer: Expirer<IcebergView>;
  /** Called with each rewrite, before it answers. */
  meanwhile: (request: RewriteRequest) => Promise<void> = () => Promise.resolve();
  /** Resolves when maintenance has its turn. */
  calm: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  /** The partition of what is appended. */
  day = 19_787;
  #lane = 0;

  constructor(directory: string) {
    const { iceberg, locations, runtime } = this;
    const calm = (signal: AbortSignal): Promise<void> => this.calm(signal);
    const shared = { tables: iceberg.format, format: iceberg.maintenance, locations, runtime, calm };
    this.compactor = new Compactor({
      ...shared,
      rewriter: this.#rewriter(),
      scratch: new LocalScratch(join(directory, 'scratch'), locations),
      layoutOf: ({ schema, spec, sortOrder }) => ({
        schema,
        spec,
        sortOrder,
        targetFileBytes: POLICY.targetBytes,
        compression: 'none',
        metricsColumns: 0,
      }),
      limitsOf: () => POLICY,
      history: (view) => iceberg.tables.snapshots(view),
      onBytes: () => undefined,
      tracer: NO_TRACER,
    });
    this.expirer = new Expirer({ ...shared, policy: { maxAgeMs: 60_000, minToKeep: 1 }, deletesPerSecond: 1000 });
  }

  async create(properties: ReadonlyMap<string, string> = new Map()): Promise<void> {
    await this.iceberg.tables.create({ ...EVENTS, properties });
  }

  async load(): Promise<IcebergView> {
    const loaded = await this.iceberg.format.load(EVENTS.name);
    if (loaded.kind !== 'loaded') throw new Error('the table is gone');
    return loaded.view;
  }

  async target(): Promise<CommitTarget> {
    return { name: EVENTS.name, uuid: (await this.load()).uuid, queue: this.queue };
  }

  /** A commit of one file a text, as ingestion makes it. */
  async append(...texts: readonly string[]): Promise<IcebergView> {
    this.runtime.advance(1000);
    const base = await this.load();
    const added: DataFile[] = [];
    for (const text of texts) added.push(await this.#put(text, base));
    this.#lane += 1;
    const change = { kind: 'append', added, progress: progressTo({ l: this.#lane }) } as const;
    const outcome = await this.iceberg.format.attempt(
      base,
      await this.iceberg.format.prepare(base, change, nextToken()),
    );
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    return outcome.view;
  }

  async compact(signal: AbortSignal = NEVER) {
    const view = await this.load();
    const plan = await this.compactor.plan(view);
    return this.compactor.run(await this.target(), view, plan, this.report, signal);
  }

  async expire(signal: AbortSignal = NEVER) {
    return this.expirer.run(await this.target(), this.report, signal);
  }

  async live(): Promise<readonly string[]> {
    return (await collect(this.iceberg.maintenance.live(await this.load()))).map(({ filePath }) => filePath);
  }

  /** Every line of every live file, sorted. */
  async rows(): Promise<readonly string[]> {
    const rows: string[] = [];
    for (const uri of await this.live()) rows.push(...(await this.#text(uri)).split('\n').filter(Boolean));
    return rows.sort();
  }

  async keys(prefix = ''): Promise<readonly string[]> {
    return (await collect(this.store.list(prefix))).map(({ key }) => key);
  }

  async #text(uri: string): Promise<string> {
    const { key } = this.locations.resolve(uri);
    const found = await this.store.get(key);
    if (found === undefined) throw new Error(`${uri} is live and not there`);
    return Buffer.from(found.bytes).toString();
  }

  async #put(text: string, view: IcebergView): Promise<DataFile> {
    const filePath = `${view.location}/data/${nextToken()}.txt`;
    const bytes = Buffer.from(text);
    await this.store.put(this.locations.resolve(filePath).key, bytes, { kind: 'if-absent' });
    return { ...factsOf(text), filePath, specId: 0, partition: [this.day] };
  }

  #rewriter(): FileRewriter {
    return {
      rewrite: async (request, directory): Promise<Rewritten> => {
        const texts = await Promise.all(request.inputs.map(({ localPath }) => readFile(localPath, 'utf8')));
        await this.meanwhile(request);
        const text = texts.join('');
        const localPath = join(directory, 'out.txt');
        await writeFile(localPath, text);
        const files = [{ ...factsOf(text), localPath, specId: 0, partition: request.partition ?? [] }];
        return { files, rowsIn: factsOf(text).recordCount, rowsDeleted: 0n };
      },
      close: () => Promise.resolve(),
    };
  }
}

const factsOf = (text: string) => ({
  format: 'parquet' as const,
  recordCount: BigInt(text.split('\n').filter(Boolean).length),
  fileSizeInBytes: BigInt(Buffer.byteLength(text)),
  metrics: NO_METRICS,
  splitOffsets: [],
});

/**
 * A table in memory over real Parquet files, with everything that maintains it, and other engines at work on it: position deletes, equality
 * deletes, copy on write, schemas and partition specs that evolve. Every step answers nothing; what a table holds is asked for.
 *
 * Owns the parts and the steps. What is right is told by `table-rows.ts`.
 */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitQueue } from '../../../src/commit/commit-queue.ts';
import { uploadFiles } from '../../../src/commit/upload-files.ts';
import type { LiveDataFile } from '../../../src/contracts/maintenance.ts';
import type { Arrangement, JobReport } from '../../../src/contracts/maintenance-port.ts';
import { NO_SPAN, NO_TRACER } from '../../../src/contracts/tracing.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { fromDataFile } from '../../../src/iceberg/manifest-entry.ts';
import { ManifestScan } from '../../../src/iceberg/manifest-scan.ts';
import type { TableMetadata } from '../../../src/iceberg/metadata.ts';
import { openIceberg, type Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import type { PreparedIcebergManifests } from '../../../src/iceberg/prepared-manifests.ts';
import type { PreparedIcebergReplace } from '../../../src/iceberg/prepared-replace.ts';
import { TableFiles } from '../../../src/iceberg/table-files.ts';
import { nextTimestamp } from '../../../src/iceberg/updates.ts';
import type { CommitTarget } from '../../../src/maintenance/commit-replace.ts';
import type { CompactionPlan } from '../../../src/maintenance/compaction-plan.ts';
import { Compactor, type CompactionPolicy } from '../../../src/maintenance/compactor.ts';
import { Expirer } from '../../../src/maintenance/expirer.ts';
import { ManifestRewriter } from '../../../src/maintenance/manifest-rewriter.ts';
import { OrphanRemover } from '../../../src/maintenance/orphan-remover.ts';
import type { DataFile } from '../../../src/record/data-file.ts';
import type { Field } from '../../../src/record/types.ts';
import { layoutOf } from '../../../src/service/layout.ts';
import { LocalScratch } from '../../../src/store/local-scratch.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from '../iceberg/locations.ts';
import { MemoryPointers } from '../iceberg/memory-pointers.ts';
import { collect, nextToken, progressTo } from '../iceberg/samples.ts';
import { lintTable, type Finding } from '../iceberg-linter/index.ts';
import { testRuntime, type TestRuntime } from '../sim-disk/test-runtime.ts';
import { DeleteFiles, type DeletePlace, type WrittenDelete } from './delete-files.ts';
import type { Engines } from './engines.ts';
import { ForeignWriter, type ForeignChange } from './foreign-writer.ts';
import { tableRows, type PlacedRow, type RowText, type TableReader } from './table-rows.ts';

const ROOT = 's3://lake';
const NAME = { namespace: ['lake'], name: 'kept' };
const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
const NEVER = new AbortController().signal;
const REPORT: JobReport = { log: () => undefined, progress: () => undefined };

/** Small, so that partitions of some kilobytes become several groups. */
export const POLICY: CompactionPolicy = {
  targetBytes: MIB,
  minFiles: 2,
  hotFiles: 3,
  maxGroupBytes: 6 * 1024,
  coldAfterMs: 60_000,
};

export class MaintainedTable {
  readonly runtime: TestRuntime;
  readonly iceberg: Iceberg;
  readonly foreign: ForeignWriter;
  readonly #engines: Engines;
  readonly #store: MemoryStore;
  readonly #locations: ReturnType<typeof oneStore>;
  readonly #reader: TableReader;
  readonly #compactor: Compactor<IcebergView, PreparedIcebergReplace>;
  readonly #queue = new CommitQueue();
  readonly #deleteFiles: DeleteFiles;
  #count = 0;

  private constructor(engines: Engines, directory: string, policy: CompactionPolicy) {
    const runtime = testRuntime(5);
    const store = new MemoryStore(runtime.clock);
    const locations = oneStore(ROOT, store);
    const pointers = new MemoryPointers();
    const scan = new ManifestScan(new TableFiles(locations), runtime.clock);
    this.iceberg = openIceberg(pointers, locations, ROOT, runtime);
    this.foreign = new ForeignWriter({ iceberg: this.iceberg, pointers, locations, scan, runtime });
    this.runtime = runtime;
    this.#engines = engines;
    this.#store = store;
    this.#locations = locations;
    this.#deleteFiles = new DeleteFiles(engines.duckdb, directory);
    this.#reader = { lists: this.iceberg.lists, scan, locations, duckdb: engines.duckdb, directory, copies: new Map() };
    this.#compactor = new Compactor({
      ...this.#shared,
      rewriter: engines.rewriter,
      scratch: new LocalScratch(join(directory, 'scratch'), locations),
      layoutOf: (view) => layoutOf(view, { targetBytes: policy.targetBytes, compression: 'zstd' }),
      limitsOf: () => policy,
      history: (view) => this.iceberg.tables.snapshots(view),
      onBytes: () => undefined,
      tracer: NO_TRACER,
    });
  }

  static async create(
    engines: Engines,
    fields: readonly Field[],
    policy: CompactionPolicy = POLICY,
  ): Promise<MaintainedTable> {
    const directory = await mkdtemp(join(engines.directory, 'table-'));
    const table = new MaintainedTable(engines, directory, policy);
    const properties = new Map([['commit.manifest.min-count-to-merge', '4']]);
    await table.iceberg.tables.create({ name: NAME, fields, partition: [], properties });
    return table;
  }

  async load(): Promise<IcebergView> {
    const loaded = await this.iceberg.format.load(NAME);
    if (loaded.kind !== 'loaded') throw new Error('the table is gone');
    return loaded.view;
  }

  async live(): Promise<readonly LiveDataFile[]> {
    return collect(this.iceberg.maintenance.live(await this.load()));
  }

  /** URIs of all delete files. */
  async deletes(): Promise<readonly string[]> {
    const files = await collect(this.iceberg.maintenance.deletes(await this.load()));
    return files.map(({ filePath }) => filePath);
  }

  /** Live rows of the current snapshot, in no order, each with the file it lies in. */
  async rows(): Promise<readonly PlacedRow[]> {
    const { metadata, snapshot, schema } = await this.load();
    return snapshot === undefined ? [] : tableRows(this.#reader, metadata, snapshot, schema.fields);
  }

  async rowsAt(snapshot: bigint, fields: readonly Field[]): Promise<readonly PlacedRow[]> {
    return tableRows(this.#reader, (await this.load()).metadata, snapshot, fields);
  }

  async lint(): Promise<readonly Finding[]> {
    return lintTable((await this.load()).metadataLocation, this.#locations);
  }

  /** As ingestion does it: one commit, under the current schema and spec. */
  async append(rows: readonly RowText[]): Promise<void> {
    const view = await this.load();
    const added = await this.#write(view, rows);
    this.#count += 1;
    const change = { kind: 'append', added, progress: progressTo({ l: this.#count }) } as const;
    const prepared = await this.iceberg.format.prepare(view, change, nextToken());
    const outcome = await this.iceberg.format.attempt(view, prepared);
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  }

  /** Rows of one partition deleted by position, in one delete file; with `names` its entry names the data file when there is only one. */
  async deletePositions(rows: readonly PlacedRow[], names: boolean): Promise<void> {
    const files = [...new Set(rows.map(({ file }) => file))];
    const [first] = files;
    if (first === undefined) return;
    const { specId, file } = first;
    const about = files.length === 1 && names ? file.filePath : undefined;
    await this.#delete(specId, await this.#deleteFiles.positions(rows, file.partition, about));
  }

  /** Deletes what equals one of the keys in these columns, in one partition, or everywhere under a spec without fields. */
  async deleteEqual(fields: readonly Field[], keys: readonly RowText[], place: DeletePlace): Promise<void> {
    await this.#delete(place.specId, await this.#deleteFiles.equal(fields, keys, place.partition));
  }

  /** Copy on write: the file is gone, and these rows of it are in new ones. Delete files stay where they are. */
  overwrite(uri: string, kept: readonly RowText[]): Promise<void> {
    return this.#replace('overwrite', uri, kept, {});
  }

  /** Another engine's rewrite of the file: the new ones keep a data sequence number. */
  rewriteElsewhere(uri: string, rows: readonly RowText[], sequenceNumber: bigint): Promise<void> {
    return this.#replace('replace', uri, rows, { sequenceNumber });
  }

  /** Changes of metadata alone (`evolution.ts`). */
  async evolve(edit: (metadata: TableMetadata) => TableMetadata): Promise<void> {
    await this.foreign.edit(await this.load(), (metadata) =>
      edit({ ...metadata, lastUpdatedMs: nextTimestamp(metadata, this.runtime.clock.now()) }),
    );
  }

  async plan(arrangement?: Arrangement): Promise<CompactionPlan> {
    return this.#compactor.plan(await this.load(), arrangement);
  }

  /** With a plan: as it was made of `view`, whatever the table is by now. */
  async compact(plan?: CompactionPlan, view?: IcebergView) {
    const base = view ?? (await this.load());
    return this.#compactor.run(await this.#target(), base, plan ?? (await this.#compactor.plan(base)), REPORT, NEVER);
  }

  async expire(minToKeep: number) {
    const policy = { maxAgeMs: 60_000, minToKeep };
    return new Expirer({ ...this.#shared, policy, deletesPerSecond: 1000 }).run(await this.#target(), REPORT, NEVER);
  }

  async rewriteManifests() {
    const rewriter = new ManifestRewriter<IcebergView, PreparedIcebergManifests>(this.#shared);
    return rewriter.run(await this.#target(), await this.load(), REPORT, NEVER);
  }

  /** Two runs, days apart, so that what is listed is deleted too. */
  async removeOrphans() {
    const remover = new OrphanRemover<IcebergView>({
      ...this.#shared,
      policy: { minAgeMs: 4 * DAY_MS, quarantineMs: DAY_MS, deletesPerSecond: 1000 },
      listingsOf: (uuid) => ({ store: this.#store, prefix: `_listings/${uuid}` }),
      neighbours: () => Promise.resolve([]),
      ownsItsFiles: () => true,
      isSettled: () => true,
    });
    this.runtime.advance(5 * DAY_MS);
    await remover.run(await this.#target(), await this.load(), REPORT, NEVER);
    this.runtime.advance(2 * DAY_MS);
    return remover.run(await this.#target(), await this.load(), REPORT, NEVER);
  }

  get #shared() {
    const { iceberg, runtime } = this;
    const calm = () => Promise.resolve();
    return { tables: iceberg.format, format: iceberg.maintenance, locations: this.#locations, runtime, calm };
  }

  async #target(): Promise<CommitTarget> {
    return { name: NAME, uuid: (await this.load()).uuid, queue: this.#queue };
  }

  async #replace(
    operation: ForeignChange['operation'],
    uri: string,
    rows: readonly RowText[],
    numbers: { readonly sequenceNumber?: bigint },
  ): Promise<void> {
    const view = await this.load();
    const files = rows.length === 0 ? [] : await this.#write(view, rows);
    const added = files.map((file) => ({ specId: file.specId, file: fromDataFile(file), ...numbers }));
    await this.foreign.commit(view, { operation, removed: new Set([uri]), added });
  }

  async #delete(specId: number, { bytes, file }: WrittenDelete): Promise<void> {
    const view = await this.load();
    const filePath = `${view.location}/data/delete-${nextToken()}.parquet`;
    await this.foreign.put(filePath, bytes);
    await this.foreign.commit(view, { operation: 'delete', added: [{ specId, file: { ...file, filePath } }] });
  }

  async #write(view: IcebergView, rows: readonly RowText[]): Promise<readonly DataFile[]> {
    const layout = layoutOf(view, { targetBytes: MIB, compression: 'zstd' });
    const staging = this.#engines.engine.staging(layout, `${nextToken()}`);
    try {
      const lines = rows.map((row) => {
        const members = view.schema.fields.map(({ id, name, type }) => {
          const text = row[id] ?? null;
          const isText = type.kind === 'string' || type.kind === 'date';
          return `${JSON.stringify(name)}:${text === null ? 'null' : isText ? JSON.stringify(text) : text}`;
        });
        return `{${members.join(',')}}\n`;
      });
      staging.append(Buffer.from(lines.join('')), rows.length);
      const written = await staging.write(NEVER);
      const uploader = { locations: this.#locations, runtime: this.runtime, onTrouble: () => undefined, span: NO_SPAN };
      return await uploadFiles(uploader, view.location, written, NEVER);
    } finally {
      await staging.drop();
    }
  }
}

/**
 * Other writers of the same table, each in one step, as a commit that won: rows and deletes of theirs, refs, rollbacks, properties, files
 * under another spelling of the bucket. Written with the product's encoders, which are not what is under test here.
 */
import { snapshotId } from '../../../src/core/ids.ts';
import { positive63, uuidV7 } from '../../../src/core/runtime.ts';
import { ADDED, fromDataFile, type ContentFile, type ManifestEntry } from '../../../src/iceberg/manifest-entry.ts';
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts';
import { manifestForm, writeManifest } from '../../../src/iceberg/manifest-write.ts';
import { parseMetadata, printMetadata } from '../../../src/iceberg/metadata-json.ts';
import {
  ancestors,
  MAIN,
  snapshotById,
  specById,
  type Snapshot,
  type TableMetadata,
} from '../../../src/iceberg/metadata.ts';
import { asManifestFile } from '../../../src/iceberg/prepared-append.ts';
import { applyUpdates, nextTimestamp, type MetadataUpdate } from '../../../src/iceberg/updates.ts';
import { NO_METRICS } from '../../support/iceberg/samples.ts';
import type { SeededRandom } from '../world/random.ts';
import { byFile, factsOf, KEY_ID, lineOf, sizeOf, textOf } from './lines.ts';
import { keyOf } from './state-reader.ts';
import type { MaintainedWorld } from './world.ts';

export const HABITS = ['append', 'equality', 'position', 'rollback', 'tag', 'branch', 'unref', 'properties'] as const;
export type Habit = (typeof HABITS)[number];

const PACE: Readonly<Record<Habit, number>> = {
  append: 500,
  equality: 700,
  position: 500,
  rollback: 4_000,
  tag: 1_500,
  branch: 2_000,
  unref: 3_000,
  properties: 1_000,
};

export class Foreigner {
  readonly #world: MaintainedWorld;
  readonly #random: SeededRandom;
  #count = 0;

  constructor(world: MaintainedWorld) {
    this.#world = world;
    this.#random = world.random.fork('foreign');
  }

  /** Acts until the world heals. */
  start(habits: ReadonlySet<Habit>): void {
    for (const habit of habits) {
      const next = (): void => {
        this.#world.scheduler.after(this.#random.between(PACE[habit] / 5, PACE[habit] * 2), `foreign ${habit}`, () => {
          if (!this.#world.faults.active) return;
          this.act(habit);
          next();
        });
      };
      next();
    }
  }

  act(habit: Habit): void {
    const { metadata } = this.#now();
    const head = metadata.currentSnapshotId;
    const named = Object.keys(metadata.refs).filter((name) => name !== MAIN);
    switch (habit) {
      case 'append':
        return this.#commit(habit, this.#snapshot(MAIN, 'append', this.#newData()));
      case 'equality':
        return this.#commit(habit, this.#snapshot(MAIN, 'delete', [this.#equality()]));
      case 'position':
        return this.#commit(habit, this.#snapshot(MAIN, 'delete', this.#positions()));
      case 'rollback': {
        const to = this.#random.pick([...ancestors(metadata)].slice(1, 4));
        return this.#commit(habit, to === undefined ? [] : [setRef(MAIN, 'branch', to.snapshotId)]);
      }
      case 'tag': {
        const at = this.#random.pick([...ancestors(metadata)]);
        return this.#commit(habit, at === undefined ? [] : [setRef(`tag-${this.#name()}`, 'tag', at.snapshotId)]);
      }
      case 'branch': {
        const branch = this.#random.pick(named.filter((name) => metadata.refs[name]?.type === 'branch'));
        if (branch !== undefined) return this.#commit(habit, this.#snapshot(branch, 'append', this.#newData()));
        return this.#commit(habit, head === undefined ? [] : [setRef(`branch-${this.#name()}`, 'branch', head)]);
      }
      case 'unref': {
        const refName = this.#random.pick(named);
        return this.#commit(habit, refName === undefined ? [] : [{ action: 'remove-snapshot-ref', refName }]);
      }
      case 'properties':
        return this.#commit(habit, [{ action: 'set-properties', updates: { owner: this.#name() } }]);
    }
  }

  #commit(what: string, updates: readonly MetadataUpdate[]): void {
    if (updates.length === 0) return;
    const { book, runtime, scheduler } = this.#world;
    const { metadata, location } = this.#now();
    const next = applyUpdates(metadata, location, updates, runtime.clock.now());
    const version = Number(/(\d+)-[^/]*$/.exec(location)?.[1]) + 1;
    const to = `${metadata.location}/metadata/${String(version).padStart(5, '0')}-${uuidV7(runtime)}.metadata.json`;
    this.#put(to, [], Buffer.from(printMetadata(next)));
    scheduler.note(`foreign ${what}`);
    book.swap(location, to, `foreign ${what}`);
  }

  /** A snapshot on the ref with these files on top of what it holds; nothing when there is none. */
  #snapshot(ref: string, operation: string, files: readonly ContentFile[]): readonly MetadataUpdate[] {
    if (files.length === 0) return [];
    const { runtime } = this.#world;
    const { metadata } = this.#now();
    const parent = snapshotById(metadata, metadata.refs[ref]?.snapshotId ?? -1n);
    const id = snapshotId(positive63(this.#random));
    const sequenceNumber = metadata.lastSequenceNumber + 1n;
    const entries = files.map((file): ManifestEntry => ({
      status: ADDED,
      snapshotId: id,
      sequenceNumber: null,
      fileSequenceNumber: null,
      file,
    }));
    const isData = files[0]?.content === 0;
    const form = manifestForm(metadata, specById(metadata, 0), isData ? 'data' : 'deletes');
    const { bytes, ...facts } = writeManifest(form, entries, this.#random);
    const path = this.#place(metadata, `metadata/foreign-${id}-m0.avro`);
    this.#put(path, [], bytes);
    const placed = asManifestFile({ ...facts, path, length: BigInt(bytes.length) }, id, sequenceNumber);
    const manifests = [{ ...placed, content: isData ? 0 : 1 }, ...this.#manifestsOf(parent)];
    const header = { snapshotId: id, parentId: parent?.snapshotId, sequenceNumber };
    const manifestList = this.#place(metadata, `metadata/foreign-snap-${id}.avro`);
    this.#put(manifestList, [], writeManifestList(header, manifests, this.#random));
    const snapshot: Snapshot = {
      snapshotId: id,
      ...(parent === undefined ? {} : { parentId: parent.snapshotId }),
      sequenceNumber,
      timestampMs: nextTimestamp(metadata, runtime.clock.now()),
      manifestList,
      summary: { operation },
      schemaId: metadata.currentSchemaId,
      rest: {},
    };
    return [{ action: 'add-snapshot', snapshot }, setRef(ref, 'branch', id)];
  }

  #newData(): readonly ContentFile[] {
    const lines = Array.from({ length: this.#random.int(1, 3) }, () =>
      textOf({ id: `f${this.#name()}`, key: `k${this.#random.int(0, 5)}`, part: this.#random.int(0, 1) }),
    );
    return byFile(lines, this.#world.partitioned).map((rows) => {
      const filePath = this.#place(this.#now().metadata, `data/foreign-${this.#name()}.parquet`);
      this.#put(filePath, rows, new Uint8Array());
      return fromDataFile({ ...factsOf(rows, this.#world.partitioned), filePath });
    });
  }

  #equality(): ContentFile {
    const partition = this.#world.partitioned ? [this.#random.int(0, 1)] : [];
    return { ...this.#deletes([`k${this.#random.int(0, 5)}`], partition), content: 2, equalityIds: [KEY_ID] };
  }

  /** One row of one live file. */
  #positions(): readonly ContentFile[] {
    const { reader, bucket, partitioned } = this.#world;
    const { metadata, location } = this.#now();
    const head = reader.state(location).snapshots.get(metadata.currentSnapshotId ?? -1n);
    const file = this.#random.pick(reader.files(head).filter(({ content }) => content === 0));
    const lines = file === undefined ? [] : (bucket.objects.get(keyOf(file.path))?.rows ?? []);
    if (file === undefined || lines.length === 0) return [];
    const partition = partitioned ? [lineOf(lines[0] ?? '').part] : [];
    const deletes = this.#deletes([`${file.path} ${this.#random.int(0, lines.length - 1)}`], partition);
    return [{ ...deletes, content: 1, ...(this.#random.chance(0.5) ? { referencedDataFile: file.path } : {}) }];
  }

  #deletes(rows: readonly string[], partition: readonly number[]): Omit<ContentFile, 'content'> {
    const filePath = this.#place(this.#now().metadata, `data/foreign-${this.#name()}-deletes.parquet`);
    this.#put(filePath, rows, new Uint8Array());
    return {
      filePath,
      fileFormat: 'PARQUET',
      partition,
      recordCount: BigInt(rows.length),
      fileSizeInBytes: BigInt(sizeOf(rows)),
      metrics: NO_METRICS,
    };
  }

  /** Some writers spell the bucket in another way. */
  #place({ location }: TableMetadata, name: string): string {
    const place = `${location}/${name}`;
    return this.#world.spells && this.#random.chance(0.5) ? place.replace('s3://', 's3a://') : place;
  }

  #manifestsOf(snapshot: Snapshot | undefined) {
    const bytes = this.#world.bucket.objects.get(keyOf(snapshot?.manifestList ?? ''))?.bytes;
    return bytes === undefined ? [] : readManifestList(bytes, snapshot?.manifestList ?? '');
  }

  #now(): { readonly metadata: TableMetadata; readonly location: string } {
    const { book, bucket } = this.#world;
    const location = book.location ?? '';
    const bytes = bucket.objects.get(keyOf(location))?.bytes ?? new Uint8Array();
    return { metadata: parseMetadata(Buffer.from(bytes).toString(), location), location };
  }

  #put(uri: string, rows: readonly string[], bytes: Uint8Array): void {
    const size = rows.length > 0 ? sizeOf(rows) : bytes.length;
    this.#world.bucket.put(keyOf(uri), rows, bytes, size, { kind: 'if-absent' });
  }

  #name(): string {
    return String((this.#count += 1));
  }
}

const setRef = (refName: string, type: 'branch' | 'tag', id: bigint): MetadataUpdate => ({
  action: 'set-snapshot-ref',
  refName,
  type,
  snapshotId: id,
});

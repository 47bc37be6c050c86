/**
 * Other writers of the same table and what each of them is given to: rows and deletes of theirs, a compaction, an expiry, refs, rollbacks,
 * properties. Owns the pace and the choice; how a commit of theirs is made is `foreign-table.ts`.
 */
import { fromDataFile, type ContentFile } from '../../../src/iceberg/manifest-entry.ts';
import { ancestors, MAIN } from '../../../src/iceberg/metadata.ts';
import type { MetadataUpdate } from '../../../src/iceberg/updates.ts';
import { NO_METRICS } from '../../support/iceberg/samples.ts';
import type { SeededRandom } from '../world/random.ts';
import { ForeignTable, setRef } from './foreign-table.ts';
import { byFile, factsOf, KEY_ID, lineOf, sizeOf, textOf } from './lines.ts';
import { keyOf, type StateFile, type StateSnapshot } from './state-reader.ts';
import type { MaintainedWorld } from './world.ts';

/** How often each is done, in virtual milliseconds. */
const PACE = {
  append: 500,
  equality: 500,
  position: 500,
  rewrite: 1_000,
  expire: 2_000,
  rollback: 2_500,
  tag: 1_500,
  branch: 2_000,
  unref: 3_000,
  properties: 1_000,
} as const;

export type Habit = keyof typeof PACE;
export const HABITS = Object.keys(PACE) as readonly Habit[];

export class Foreigner {
  readonly #world: MaintainedWorld;
  readonly #random: SeededRandom;
  readonly #table: ForeignTable;
  readonly #acts: Readonly<Record<Habit, () => readonly MetadataUpdate[]>> = {
    append: () => this.#table.snapshot(MAIN, { operation: 'append', added: this.#newData() }),
    equality: () => this.#table.snapshot(MAIN, { operation: 'delete', added: [this.#equality()] }),
    position: () => this.#table.snapshot(MAIN, { operation: 'delete', added: this.#position() }),
    rewrite: () => this.#rewrite(),
    expire: () => this.#expire(),
    rollback: () => this.#refTo(MAIN, 'branch', [...ancestors(this.#table.metadata)].slice(1, 4)),
    tag: () => this.#refTo(`tag-${this.#table.name()}`, 'tag', [...ancestors(this.#table.metadata)]),
    branch: () => this.#branch(),
    unref: () => {
      const refName = this.#random.pick(this.#refs());
      return refName === undefined ? [] : [{ action: 'remove-snapshot-ref', refName }];
    },
    properties: () => [{ action: 'set-properties', updates: { owner: this.#table.name() } }],
  };

  constructor(world: MaintainedWorld) {
    this.#world = world;
    this.#random = world.random.fork('foreign');
    this.#table = new ForeignTable(world, this.#random);
  }

  /** Acts until the world heals. */
  start(habits: ReadonlySet<Habit>): void {
    for (const habit of habits) {
      const next = (): void => {
        this.#world.scheduler.after(this.#random.between(PACE[habit] / 5, PACE[habit] * 2), `foreign ${habit}`, () => {
          if (!this.#world.faults.active) return;
          this.#table.commit(habit, this.#acts[habit]());
          if (habit === 'expire') this.#sweep();
          next();
        });
      };
      next();
    }
  }

  #refs(type?: string): readonly string[] {
    return Object.entries(this.#table.metadata.refs)
      .filter(([name, ref]) => name !== MAIN && (type === undefined || ref.type === type))
      .map(([name]) => name);
  }

  #refTo(
    name: string,
    type: 'branch' | 'tag',
    among: readonly { readonly snapshotId: bigint }[],
  ): readonly MetadataUpdate[] {
    const at = this.#random.pick(among);
    return at === undefined ? [] : [setRef(name, type, at.snapshotId)];
  }

  /** A commit on a branch; the first time the branch itself. */
  #branch(): readonly MetadataUpdate[] {
    const branch = this.#random.pick(this.#refs('branch'));
    return branch === undefined
      ? this.#refTo(`branch-${this.#table.name()}`, 'branch', [...ancestors(this.#table.metadata)].slice(0, 1))
      : this.#table.snapshot(branch, { operation: 'append', added: this.#newData() });
  }

  #newData(): readonly ContentFile[] {
    const lines = Array.from({ length: this.#random.int(1, 3) }, () =>
      textOf({ id: `f${this.#table.name()}`, key: this.#key(), part: this.#random.int(0, 1) }),
    );
    return byFile(lines, this.#world.partitioned).map((rows) => this.#data(rows));
  }

  #data(rows: readonly string[]): ContentFile {
    const filePath = this.#table.place(`data/foreign-${this.#table.name()}.parquet`);
    this.#table.put(filePath, rows, new Uint8Array());
    return fromDataFile({ ...factsOf(rows, this.#world.partitioned), filePath });
  }

  #equality(): ContentFile {
    const partition = this.#world.partitioned ? [this.#random.int(0, 1)] : [];
    return { ...this.#deletes([this.#key()], partition), content: 2, equalityIds: [KEY_ID] };
  }

  /** One row of one live file. */
  #position(): readonly ContentFile[] {
    const file = this.#random.pick(this.#liveData());
    const lines = this.#world.bucket.objects.get(keyOf(file?.path ?? ''))?.rows ?? [];
    if (file === undefined || lines.length === 0) return [];
    const partition = this.#world.partitioned ? [lineOf(lines[0] ?? '').part] : [];
    const deletes = this.#deletes([`${file.path} ${this.#random.int(0, lines.length - 1)}`], partition);
    return [{ ...deletes, content: 1, ...(this.#random.chance(0.5) ? { referencedDataFile: file.path } : {}) }];
  }

  #deletes(rows: readonly string[], partition: readonly number[]): Omit<ContentFile, 'content'> {
    const filePath = this.#table.place(`data/foreign-${this.#table.name()}-deletes.parquet`);
    this.#table.put(filePath, rows, new Uint8Array());
    return {
      filePath,
      fileFormat: 'PARQUET',
      partition,
      recordCount: BigInt(rows.length),
      fileSizeInBytes: BigInt(sizeOf(rows)),
      metrics: NO_METRICS,
    };
  }

  /** Some files of one tuple become one, with the number of the state that was read. */
  #rewrite(): readonly MetadataUpdate[] {
    const head = this.#head();
    const [first, ...rest] = this.#liveData().filter(() => this.#random.chance(0.6));
    const taken = first === undefined ? [] : [first, ...rest.filter(({ tuple }) => tuple === first.tuple)];
    if (head === undefined || taken.length < 2) return [];
    const rows = taken.flatMap((file) => this.#world.reader.rowsOf(head, file));
    if (rows.length === 0) return [];
    const removed = new Set(taken.map(({ path }) => path));
    const change = { operation: 'replace', added: [this.#data(rows)], removed, sequence: head.sequence } as const;
    return this.#table.snapshot(MAIN, change);
  }

  /** Keeps what refs name and a few ancestors of main. */
  #expire(): readonly MetadataUpdate[] {
    const { metadata } = this.#table;
    const kept = new Set(Object.values(metadata.refs).map(({ snapshotId }) => snapshotId));
    for (const { snapshotId } of [...ancestors(metadata)].slice(0, this.#random.int(1, 4))) kept.add(snapshotId);
    const snapshotIds = metadata.snapshots.map(({ snapshotId }) => snapshotId).filter((id) => !kept.has(id));
    return snapshotIds.length === 0 ? [] : [{ action: 'remove-snapshots', snapshotIds }];
  }

  /** What the state before reached, and no snapshot does any more, is deleted. */
  #sweep(): void {
    const { reader, bucket } = this.#world;
    const now = reader.state(this.#table.location);
    const before = now.log.at(-1);
    if (before === undefined || !bucket.objects.has(keyOf(before))) return;
    const reached = reader.reached(now);
    for (const key of reader.reachedBySnapshots(reader.state(before)))
      if (!reached.has(key)) bucket.objects.delete(key);
  }

  #head(): StateSnapshot | undefined {
    const { snapshots, main } = this.#world.reader.state(this.#table.location);
    return main === undefined ? undefined : snapshots.get(main);
  }

  #liveData(): readonly StateFile[] {
    return this.#world.reader.files(this.#head()).filter(({ content }) => content === 0);
  }

  #key(): string {
    return `k${this.#random.int(0, 5)}`;
  }
}

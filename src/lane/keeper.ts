/**
 * Keeps the log's directory: trims segments, parks tables, and writes the manifest that says so. Owns the manifest and the order
 * "manifest first, files after". Writes no frames itself.
 */
import type { Disk } from '../contracts/disk.ts';
import type { LateRefusal, ProducerNote, TrimmedMark } from '../contracts/log.ts';
import { formatTableName, type LaneId, type TableName, type TableUuid } from '../core/ids.ts';
import type { BurialBook } from './burial-book.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Chunk, EntryFile } from './chunk.ts';
import type { Reserve } from './disk-full.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Ledger } from './ledger.ts';
import type { Manifest } from './manifest.ts';
import { saveManifest } from './manifest.ts';
import { copyAside } from './parking.ts';
import { Turns } from './turns.ts';

export interface KeeperContext {
  readonly disk: Disk;
  readonly directory: string;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
  readonly group: GroupCommit;
  readonly reserve: Reserve;
  /** Stores these again at the log's head; false when that failed. */
  readonly restate: (refusals: readonly LateRefusal[], notes: readonly ProducerNote[]) => Promise<boolean>;
  /** Committed segments are kept for this long, for tables that are rolled back … */
  readonly graceMs: number;
  /** … unless the log is larger than this. */
  readonly graceBytes: number;
}

export class Keeper {
  readonly #context: KeeperContext;
  readonly #turns = new Turns();
  #manifest: Manifest;
  /** The manifest in memory is ahead of the one on disk. */
  #dirty = false;
  /** Files to remove once the manifest that does without them is durable. */
  readonly #doomed = new Set<string>();

  constructor(context: KeeperContext, manifest: Manifest) {
    this.#context = context;
    this.#manifest = manifest;
  }

  get trimmed(): readonly TrimmedMark[] {
    return this.#manifest.trimmed;
  }

  nameOf(table: TableUuid): TableName | undefined {
    return this.#manifest.names.get(table);
  }

  /** Resolves when the manifest that says so is durable. */
  remember(table: TableUuid, name: TableName): Promise<void> {
    return this.#turns.take(async () => {
      const known = this.nameOf(table);
      if (known !== undefined && formatTableName(known) === formatTableName(name)) return;
      const manifest = { ...this.#manifest, names: new Map([...this.#manifest.names, [table, name]]) };
      await this.#context.reserve.spendOn(() => saveManifest(this.#context.disk, this.#context.directory, manifest));
      this.#manifest = manifest;
    });
  }

  trim(): Promise<void> {
    return this.#turns.take(() => this.#trim());
  }

  park(table: TableUuid): Promise<void> {
    return this.#turns.take(() => this.#park(table));
  }

  /** Resolves when no trimming or parking is under way. */
  idle(): Promise<void> {
    return this.#turns.take(() => Promise.resolve());
  }

  async #trim(): Promise<void> {
    const { ledger, group } = this.#context;
    const last = this.#releasable().at(-1);
    if (last !== undefined && group.isActive(last.name)) await group.seal();
    // What is still needed of the state frames in segments that go is stored again before they go.
    const going = this.#releasable().at(-1)?.sequence ?? 0;
    if (!(await this.#context.restate(ledger.refusals.storedUpTo(going), ledger.notes.storedUpTo(going)))) return;
    // From here to the account's change nothing is awaited: no reader and no rewind can slip between.
    const segments = this.#releasable().filter((file) => !group.isActive(file.name));
    const gone = segments.at(-1)?.sequence ?? 0;
    if (ledger.refusals.storedUpTo(gone).length > 0 || ledger.notes.storedUpTo(gone).length > 0) return;
    const parked = ledger.parked.filter((file) => this.#isOver(file, ledger.bytes));
    this.#forget(segments, parked);
    ledger.notes.dropUpTo(gone);
    await this.#save();
  }

  /** The oldest segments that nobody needs, in order, up to the first that somebody does. */
  #releasable(): readonly EntryFile[] {
    const { ledger, group } = this.#context;
    const files: EntryFile[] = [];
    let bytes = ledger.bytes;
    for (const file of ledger.segments) {
      // A segment in use that holds no entries has nothing to release, and would be made anew each time.
      if (!this.#isOver(file, bytes) || (group.isActive(file.name) && file.chunks.size === 0)) break;
      files.push(file);
      bytes -= file.end;
    }
    return files;
  }

  #isOver(file: EntryFile, logBytes: number): boolean {
    const { runtime, graceMs, graceBytes } = this.#context;
    if (file.releasedAt === undefined || file.readers > 0) return false;
    return logBytes > graceBytes || runtime.clock.monotonic() - file.releasedAt >= graceMs;
  }

  #forget(segments: readonly EntryFile[], parked: readonly EntryFile[]): void {
    const files = new Set([...segments, ...parked]);
    if (files.size === 0) return;
    const names = new Set([...files].map((file) => file.name));
    this.#manifest = {
      first: Math.max(this.#manifest.first, (segments.at(-1)?.sequence ?? 0) + 1),
      trimmed: raised(this.#manifest.trimmed, this.#context.ledger.removeFiles(files), this.#context.ledger.burials),
      parked: this.#manifest.parked.filter((record) => !names.has(record.file)),
      skipped: this.#manifest.skipped.filter((range) => range.sequence > (segments.at(-1)?.sequence ?? 0)),
      // Their frames may go with these segments, and what they are about stay in a parked file.
      buried: this.#context.ledger.burials.all,
      names: this.#manifest.names,
    };
    this.#dirty = true;
    for (const file of files) this.#doomed.add(file.path);
  }

  async #save(): Promise<void> {
    const { disk, directory, reserve } = this.#context;
    if (this.#dirty) {
      await reserve.spendOn(() => saveManifest(disk, directory, this.#manifest));
      this.#dirty = false;
    }
    if (this.#doomed.size === 0) return;
    for (const path of this.#doomed) {
      await disk.remove(path);
      this.#doomed.delete(path);
    }
    await reserve.fill();
  }

  async #park(uuid: TableUuid): Promise<void> {
    const { disk, directory, runtime, ledger } = this.#context;
    const table = ledger.find(uuid);
    if (table === undefined) return;
    const pending = table.freeze();
    try {
      if (pending.length === 0) return;
      const copies = await copyAside(disk, directory, runtime, pending);
      const parked = [...this.#manifest.parked, ...copies.map((copy) => copy.record)];
      // If this rejects, the files stay: the manifest on disk may name them. Else the next start removes them.
      await saveManifest(disk, directory, { ...this.#manifest, parked });
      this.#manifest = { ...this.#manifest, parked };
      const now = runtime.clock.monotonic();
      for (const { chunks, originals } of copies) {
        const file = chunks[0]?.file;
        if (file === undefined) continue;
        ledger.addFile(file);
        table.replace(originals, chunks, now);
      }
    } finally {
      table.thaw();
    }
  }
}

/**
 * Marks after these chunks went: per table and lane, the highest offset that the log no longer holds. What was buried is missing from no
 * table that comes back.
 */
function raised(marks: readonly TrimmedMark[], gone: readonly Chunk[], burials: BurialBook): readonly TrimmedMark[] {
  const key = (table: TableUuid, lane: LaneId): string => `${table} ${lane}`;
  const highest = new Map(marks.map((mark) => [key(mark.table, mark.lane), mark]));
  for (const { table, file, first, end: last } of gone) {
    const at = key(table, file.lane);
    const buried = burials.of(table).find(({ lane, from, next }) => lane === file.lane && from < last && last <= next);
    const end = buried?.from ?? last;
    if (end <= first) continue;
    if (end > (highest.get(at)?.next ?? -1n)) highest.set(at, { table, lane: file.lane, next: end });
  }
  return [...highest.values()];
}

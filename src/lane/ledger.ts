/**
 * The log's account in memory: files, tables, lanes, bytes. Owns what is pending, held and releasable; touches no disk and decides no
 * trimming.
 */
import type { Entry, LaneRange } from '../contracts/log.ts';
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';
import { offset } from '../core/ids.ts';
import type { Chunk, EntryFile, FrameRun } from './chunk.ts';
import { BurialBook } from './burial-book.ts';
import { entriesBytes } from './entry-codec.ts';
import { NoteBook } from './note-book.ts';
import { RefusalBook } from './refusal-book.ts';
import { TableLedger } from './table-ledger.ts';

export class Ledger {
  readonly refusals = new RefusalBook();
  readonly notes = new NoteBook();
  readonly burials = new BurialBook();
  readonly #chunkBytes: number;
  readonly #tables = new Map<TableUuid, TableLedger>();
  /** Next offset by lane, oldest lane first. */
  readonly #lanes = new Map<LaneId, Offset>();
  #segments: EntryFile[] = [];
  #parked: EntryFile[] = [];

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
  }

  /** Oldest first. */
  get segments(): readonly EntryFile[] {
    return this.#segments;
  }

  get parked(): readonly EntryFile[] {
    return this.#parked;
  }

  /** Bytes on disk. */
  get bytes(): number {
    let bytes = 0;
    for (const file of this.#segments) bytes += file.end;
    for (const file of this.#parked) bytes += file.end;
    return bytes;
  }

  get tables(): Iterable<TableLedger> {
    return this.#tables.values();
  }

  table(uuid: TableUuid): TableLedger {
    const known = this.#tables.get(uuid);
    if (known !== undefined) return known;
    const fresh = new TableLedger(uuid, this.#chunkBytes);
    this.#tables.set(uuid, fresh);
    return fresh;
  }

  find(uuid: TableUuid): TableLedger | undefined {
    return this.#tables.get(uuid);
  }

  addFile(file: EntryFile): void {
    if (file.kind === 'segment') this.#segments.push(file);
    else this.#parked.push(file);
    if (!this.#lanes.has(file.lane)) this.#lanes.set(file.lane, offset(0));
  }

  /** A synced frame of entries at `[byteStart, byteEnd)` of the file. */
  addEntries(file: EntryFile, entries: readonly Entry[], byteStart: number, byteEnd: number, now: number): void {
    for (const [uuid, run] of runsByTable(entries, byteStart, byteEnd)) this.table(uuid).add(file, run, now);
    const last = entries.at(-1);
    if (last !== undefined) this.raiseLane(file.lane, endOf(last));
  }

  /** What synced entries of a segment decide, parked since or not. */
  addDecisions(segment: EntryFile, entries: readonly Entry[]): void {
    for (const { decides, buries } of entries) {
      if (decides !== undefined) this.refusals.add(decides, segment.sequence);
      if (buries !== undefined) this.burials.add(buries);
    }
  }

  /** Nobody waits for what was buried; a table that came back says so by its own progress, later. */
  releaseBuried(now: number): void {
    for (const table of this.burials.tables) this.find(table)?.committed(this.burials.ends(table), now);
  }

  raiseLane(lane: LaneId, end: Offset): void {
    if (end > (this.#lanes.get(lane) ?? -1n)) this.#lanes.set(lane, end);
  }

  laneEnd(lane: LaneId): Offset | undefined {
    return this.#lanes.get(lane);
  }

  /** Lanes of which a file is left, oldest first; `current` also without one, once it has entries. */
  lanes(current: LaneId | undefined): readonly LaneRange[] {
    const first = new Map<LaneId, Offset>();
    for (const table of this.#tables.values())
      for (const chunk of table.pending) {
        const from = later(chunk.first, table.progress(chunk.file.lane));
        const known = first.get(chunk.file.lane);
        if (known === undefined || from < known) first.set(chunk.file.lane, from);
      }
    const held = new Set([...this.#parked, ...this.#segments].map((file) => file.lane));
    if (current !== undefined) held.add(current);
    return [...this.#lanes]
      .filter(([lane, end]) => held.has(lane) && end > 0n)
      .map(([lane, end]) => ({ lane, first: first.get(lane) ?? end, end }));
  }

  /** Tables whose pending entries are all in files of their own. */
  parkedTables(): readonly TableUuid[] {
    return [...this.#tables.values()]
      .filter(({ pending }) => pending.length > 0 && pending.every((chunk) => chunk.file.kind === 'parked'))
      .map((table) => table.uuid);
  }

  /** Takes the files out of the account; answers what they still held. */
  removeFiles(files: ReadonlySet<EntryFile>): readonly Chunk[] {
    const gone = [...files].flatMap((file) => [...file.chunks]);
    const chunks = new Set(gone);
    for (const { table, file, first, end } of gone) this.refusals.forget(table, file.lane, first, end);
    for (const uuid of new Set(gone.map((chunk) => chunk.table))) this.#tables.get(uuid)?.drop(chunks);
    this.#segments = this.#segments.filter((file) => !files.has(file));
    this.#parked = this.#parked.filter((file) => !files.has(file));
    return gone;
  }

  sort(): void {
    const order = new Map([...this.#lanes.keys()].map((lane, index) => [lane, index]));
    for (const table of this.#tables.values()) table.sort(order);
  }
}

export const endOf = (entry: Entry): Offset => offset(entry.baseOffset + BigInt(entry.count));

const later = (a: Offset, b: Offset | undefined): Offset => (b !== undefined && b > a ? b : a);

function runsByTable(entries: readonly Entry[], byteStart: number, byteEnd: number): Map<TableUuid, FrameRun> {
  const runs = new Map<TableUuid, FrameRun>();
  for (const entry of entries) {
    const run = runs.get(entry.table);
    runs.set(entry.table, {
      first: run?.first ?? entry.baseOffset,
      end: endOf(entry),
      byteStart,
      byteEnd,
      bytes: (run?.bytes ?? 0) + entriesBytes([entry]),
      stamped: (run?.stamped ?? false) || entry.producer !== undefined,
    });
  }
  return runs;
}

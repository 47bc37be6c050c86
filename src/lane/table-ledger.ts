/**
 * One table's account in the log: its chunks in lane and offset order, which of them are pending, and how far it is known to be
 * committed. Owns no files and no policy.
 */
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';
import type { Chunk, EntryFile, FrameRun } from './chunk.ts';
import { attach, detach, setPending } from './chunk.ts';

export type ChunkRun = readonly [Chunk, ...Chunk[]];

export class TableLedger {
  readonly uuid: TableUuid;
  readonly #chunkBytes: number;
  readonly #progress = new Map<LaneId, Offset>();
  #chunks: Chunk[] = [];
  #pending: Chunk[] = [];
  /** The chunk that further frames may lengthen. */
  #open: Chunk | undefined;
  #pendingBytes = 0;
  #frozen = false;
  /** Bytes of appends that are not synced yet. */
  queuedBytes = 0;

  constructor(uuid: TableUuid, chunkBytes: number) {
    this.uuid = uuid;
    this.#chunkBytes = chunkBytes;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  get pending(): readonly Chunk[] {
    return this.#pending;
  }

  progress(lane: LaneId): Offset | undefined {
    return this.#progress.get(lane);
  }

  /** Runs come in offset order within a lane. */
  add(file: EntryFile, run: FrameRun, now: number): void {
    const open = this.#open;
    if (open !== undefined && open.file === file && open.pending && open.bytes < this.#chunkBytes) {
      open.end = run.end;
      open.byteEnd = run.byteEnd;
      open.bytes += run.bytes;
      open.stamped ||= run.stamped;
      this.#pendingBytes += run.bytes;
      return;
    }
    const chunk: Chunk = { table: this.uuid, file, ...run, pending: run.end > (this.#progress.get(file.lane) ?? -1n) };
    attach(chunk, now);
    this.#chunks.push(chunk);
    this.#open = chunk;
    if (!chunk.pending) return;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.bytes;
  }

  /** The next frame begins a chunk of its own. */
  closeChunk(): void {
    this.#open = undefined;
  }

  /**
   * The pending chunks that are not parked yet, in runs to be copied: each of one lane, and with nothing parked between its chunks, so
   * that the offsets of parked files never interlock. Until `thaw` chunks neither grow nor merge.
   */
  freeze(): readonly ChunkRun[] {
    this.#open = undefined;
    this.#frozen = true;
    const runs: [Chunk, ...Chunk[]][] = [];
    let run: [Chunk, ...Chunk[]] | undefined;
    for (const chunk of this.#pending) {
      if (chunk.file.kind !== 'segment') run = undefined;
      else if (run === undefined || run[0].file.lane !== chunk.file.lane) runs.push((run = [chunk]));
      else run.push(chunk);
    }
    return runs;
  }

  thaw(): void {
    this.#frozen = false;
  }

  /** Lanes that are not named stay where they are. A lane may go back: what lies above is pending again. */
  committed(progress: ReadonlyMap<LaneId, Offset>, now: number): void {
    let back = false;
    for (const [lane, next] of progress) {
      back ||= next < (this.#progress.get(lane) ?? 0n);
      this.#progress.set(lane, next);
    }
    const doubtful = back ? this.#chunks : this.#pending;
    this.#pendingBytes = 0;
    this.#pending = [];
    for (const chunk of doubtful) {
      const pending = chunk.end > (this.#progress.get(chunk.file.lane) ?? -1n);
      setPending(chunk, pending, now);
      if (pending) {
        this.#pending.push(chunk);
        this.#pendingBytes += chunk.bytes;
      } else if (!back && !this.#frozen) this.#merge(chunk, now);
    }
  }

  /** Joins a committed chunk to its committed predecessor, so that frequent commits do not leave a chunk each. */
  #merge(chunk: Chunk, now: number): void {
    const at = this.#chunks.lastIndexOf(chunk);
    const before = this.#chunks[at - 1];
    if (before === undefined || before.file !== chunk.file || before.pending) return;
    if (before.bytes + chunk.bytes > this.#chunkBytes) return;
    before.end = chunk.end;
    before.byteEnd = chunk.byteEnd;
    before.bytes += chunk.bytes;
    before.stamped ||= chunk.stamped;
    this.#chunks.splice(at, 1);
    detach(chunk, now);
    if (this.#open === chunk) this.#open = undefined;
  }

  /** The chunks are gone from disk. */
  drop(gone: ReadonlySet<Chunk>): void {
    this.#chunks = this.#chunks.filter((chunk) => !gone.has(chunk));
    if (this.#open !== undefined && gone.has(this.#open)) this.#open = undefined;
  }

  /** The entries of `from` are now in `to`, which holds the same offsets of the same lane. */
  replace(from: ReadonlySet<Chunk>, to: readonly Chunk[], now: number): void {
    const swap = (chunks: readonly Chunk[], fresh: readonly Chunk[]): Chunk[] => {
      const at = chunks.findIndex((chunk) => from.has(chunk));
      return at < 0
        ? [...chunks]
        : [...chunks.slice(0, at), ...fresh, ...chunks.slice(at).filter((chunk) => !from.has(chunk))];
    };
    for (const chunk of from) {
      detach(chunk, now);
      if (chunk.pending) this.#pendingBytes -= chunk.bytes;
    }
    for (const chunk of to) {
      chunk.pending = chunk.end > (this.#progress.get(chunk.file.lane) ?? -1n);
      attach(chunk, now);
      if (chunk.pending) this.#pendingBytes += chunk.bytes;
    }
    this.#chunks = swap(this.#chunks, to);
    this.#pending = swap(
      this.#pending,
      to.filter((chunk) => chunk.pending),
    );
    this.#open = undefined;
  }

  /** After a scan that met files in another order than their lanes. */
  sort(laneOrder: ReadonlyMap<LaneId, number>): void {
    const order = (a: Chunk, b: Chunk): number => {
      const lanes = (laneOrder.get(a.file.lane) ?? 0) - (laneOrder.get(b.file.lane) ?? 0);
      if (lanes !== 0) return lanes;
      return a.first < b.first ? -1 : Number(a.first > b.first);
    };
    this.#chunks.sort(order);
    this.#pending.sort(order);
  }
}

/**
 * Acknowledged records whose table is gone, on their way into the dead letters of its name (protocol §2). The letters and the log's word
 * that they stand for these records are one frame: whatever is interrupted, a record has one letter. Owns what a frame holds; that a table
 * is gone, and that nobody else works on it, is the caller's word.
 */
import { formatTableName, offset, type LaneId, type Offset, type TableName, type TableUuid } from '../../core/ids.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { Burial, Entry, EntryDraft, Log } from '../../contracts/log.ts';
import type { PreparedChange, TableView } from '../../contracts/table-format.ts';
import type { TablePipeline } from '../table-pipeline.ts';
import { canHaveLetters, handOver, orUnavailable, type DeadLetters, type Letters } from './dead-letters.ts';
import { lettersOfEntry } from './entry-letters.ts';
import { undecided } from './undecided.ts';

export interface BurialsContext<V extends TableView, P extends PreparedChange> {
  readonly letters: Pick<DeadLetters<V, P>, 'lettersPipeline' | 'compose'>;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly onDeadLetters: (table: string, code: string, records: number) => void;
}

/** `stuck`: the rest stays in the log, and may be tried again. `more`: so much a call, that the letters' own commits keep pace. */
export type BurialEnd =
  | { readonly kind: 'done' | 'more'; readonly records: number }
  | { readonly kind: 'stuck'; readonly records: number; readonly cause: string };

const FRAME_RECORDS = 2_000;
const FRAME_BYTES = 8 * 1024 * 1024;
const CALL_BYTES = 64 * 1024 * 1024;

const MISFIT = {
  pointer: '',
  code: 'table_gone',
  detail: 'the table was dropped, or replaced by another of its name, before the record was in it',
} as const;

export class Burials<V extends TableView, P extends PreparedChange> {
  readonly #context: BurialsContext<V, P>;

  constructor(context: BurialsContext<V, P>) {
    this.#context = context;
  }

  /** What the log holds of the table from `progress` on. Rejects with what reading the log or making the dead-letter table throws. */
  async bury(table: TableUuid, name: TableName, progress: ReadonlyMap<LaneId, Offset>): Promise<BurialEnd> {
    const { letters, log } = this.#context;
    let records = 0;
    if (!canHaveLetters(name)) return { kind: 'stuck', records, cause: 'it can have no dead letters' };
    const target = await orUnavailable(letters.lettersPipeline(name));
    if (target === 'unavailable')
      return { kind: 'stuck', records, cause: 'the dead-letter table cannot be opened now' };
    if ('kind' in target) return { kind: 'stuck', records, cause: target.reason };
    let bytes = 0;
    const ends = new Map(log.buried(table).map(({ lane, next }) => [lane, next]));
    for await (const entry of log.entries(table, furthest(progress, ends)))
      for (const piece of piecesOf(entry)) {
        if (bytes >= CALL_BYTES) return { kind: 'more', records };
        const from = furthest(progress, ends).get(piece.lane) ?? piece.baseOffset;
        const next = offset(piece.baseOffset + BigInt(piece.count));
        const buried = await this.#piece(target, name, piece, { table, lane: piece.lane, from, next });
        ends.set(piece.lane, next);
        if (typeof buried === 'string') return { kind: 'stuck', records, cause: buried };
        records += buried;
        bytes += piece.payload.byteLength;
      }
    return { kind: 'done', records };
  }

  /** How many letters one frame brought, or why there is none. */
  async #piece(target: TablePipeline<V, P>, name: TableName, piece: Entry, burial: Burial): Promise<number | string> {
    const { letters, log, runtime, onDeadLetters } = this.#context;
    const { count, indexOf } = undecided(piece, log.refusals(piece.table));
    const records = piece.payload.byteLength === 0 ? 0 : count;
    const misfits = Array.from({ length: records }, (_, index) => ({ index: indexOf(index), misfit: MISFIT }));
    const table = formatTableName(name);
    const rows = lettersOfEntry(piece, misfits, {
      prefix: 'gone',
      cause: 'table_gone',
      receivedAt: runtime.clock.now(),
      table,
      schemaId: piece.schemaId,
    });
    const composed = records === 0 ? emptyFor(target) : await letters.compose(target, rows);
    if ('kind' in composed) return composed.reason;
    const outcome = await log.bury(burial, composed.draft, (entries) => handOver(entries, target, composed.ready));
    if (outcome.kind === 'refused') return outcome.reason;
    if (outcome.kind !== 'appended') return 'the log does not take the letters now';
    if (records > 0) onDeadLetters(table, MISFIT.code, records);
    return records;
  }
}

/** Every record of it was decided about before, or it never had one: the frame says only that. */
const emptyFor = <V extends TableView, P extends PreparedChange>({
  uuid,
  view,
  checker,
}: TablePipeline<V, P>): Letters => {
  const draft: EntryDraft = { table: uuid, schemaId: view.schema.schemaId, count: 1, payload: NO_LINES };
  return { draft, ready: { by: checker, lines: NO_LINES, count: 0 } };
};

const NO_LINES = new Uint8Array();

/** The entry as entries of a frame's size, in order. */
export function* piecesOf(entry: Entry): Generator<Entry, void> {
  if (entry.payload.byteLength === 0 || (entry.count <= FRAME_RECORDS && entry.payload.byteLength <= FRAME_BYTES)) {
    yield entry;
    return;
  }
  let { baseOffset } = entry;
  let start = 0;
  while (start < entry.payload.byteLength) {
    let end = start;
    let count = 0;
    do {
      end = entry.payload.indexOf(0x0a, end) + 1 || entry.payload.byteLength;
      count += 1;
    } while (count < FRAME_RECORDS && end - start < FRAME_BYTES && end < entry.payload.byteLength);
    yield { ...entry, baseOffset, count, payload: entry.payload.subarray(start, end) };
    baseOffset = offset(baseOffset + BigInt(count));
    start = end;
  }
}

const furthest = (...each: readonly ReadonlyMap<LaneId, Offset>[]): ReadonlyMap<LaneId, Offset> => {
  const all = new Map<LaneId, Offset>();
  for (const [lane, next] of each.flatMap((map) => [...map])) if (next > (all.get(lane) ?? -1n)) all.set(lane, next);
  return all;
};

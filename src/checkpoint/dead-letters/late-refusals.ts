/**
 * Acknowledged records that no longer fit their table, or that the process does not survive (protocol §3): the decision, and the letters
 * that stand for them instead. Both are one frame, so a record is never in both tables and never in neither:
 *   fence (an empty commit: whatever an earlier attempt may still bring is void) → decide (synced) → the table's progress passes the
 *   position → the dead-letter table stages the letters.
 * Owns the decision and the wait for the progress; the fence is the table's own commit.
 */
import { backoffMs, type BackoffPolicy } from '../../core/backoff.ts';
import { formatTableName, offset, type TableName, type TableUuid } from '../../core/ids.ts';
import type { Runtime } from '../../core/runtime.ts';
import { untilAborted } from '../../core/until-aborted.ts';
import type { Entry, LateRefusal, Log } from '../../contracts/log.ts';
import type { PreparedChange, TableView } from '../../contracts/table-format.ts';
import { ownerOfLetters } from '../../record/dead-letter-table.ts';
import type { TablePipeline } from '../table-pipeline.ts';
import { handOver, orUnavailable, type DeadLetters } from './dead-letters.ts';
import { lettersOfEntry, type LetterFacts } from './entry-letters.ts';
import type { LateMisfit } from './undecided.ts';

const BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 30_000 };
const ASK_AGAIN_MS = 500;

export interface LateRefusalsContext<V extends TableView, P extends PreparedChange> {
  readonly letters: DeadLetters<V, P>;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly pipelineOf: (name: TableName) => Promise<TablePipeline<V, P> | undefined>;
  readonly onTrouble: (table: TableUuid, state: string, cause: string) => void;
  readonly onDeadLetters: (table: string, code: string, records: number) => void;
}

export class LateRefusals<V extends TableView, P extends PreparedChange> {
  readonly #context: LateRefusalsContext<V, P>;

  constructor(context: LateRefusalsContext<V, P>) {
    this.#context = context;
  }

  /**
   * Resolves when the decision is durable, or the table is gone (then all its records are buried); tries until the signal aborts.
   * `misfits` are lines of the entry that no decision covers.
   */
  async decide(
    pipeline: TablePipeline<V, P>,
    entry: Entry,
    misfits: readonly LateMisfit[],
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime, onTrouble } = this.#context;
    for (let attempt = 0; ; attempt += 1) {
      const trouble = await pipeline.queue.run(async () =>
        pipeline.goneSince === undefined ? this.#tryToDecide(pipeline, entry, misfits) : undefined,
      );
      if (trouble === undefined) return;
      onTrouble(pipeline.uuid, 'late-refusal', trouble);
      await runtime.clock.sleep(backoffMs(BACKOFF, attempt, runtime.random), signal);
    }
  }

  /** Resolves when the table has passed the positions that were refused there, or is gone. */
  async passed(letters: TableName, refusals: readonly LateRefusal[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#context.runtime;
    const owner = ownerOfLetters(letters);
    if (owner === undefined) return;
    for (;;) {
      const pipeline = await orUnavailable(this.#context.pipelineOf(owner));
      if (pipeline === undefined) return;
      if (pipeline !== 'unavailable') {
        const { positions, state, uuid } = pipeline;
        if (state.kind === 'stopped' && state.code === 'table-gone') return;
        const behind = refusals.find(
          ({ table, lane, offset: at }) => table === uuid && (positions.progress.get(lane) ?? 0n) <= at,
        );
        if (behind === undefined) return;
        const position = { lane: behind.lane, offset: offset(behind.offset + 1n) };
        const came = await untilAborted(positions.wait(position), signal).catch(() => undefined);
        if (came !== undefined) continue;
      }
      await clock.sleep(ASK_AGAIN_MS, signal);
    }
  }

  async #tryToDecide(
    pipeline: TablePipeline<V, P>,
    entry: Entry,
    misfits: readonly LateMisfit[],
  ): Promise<string | undefined> {
    const { letters, log, runtime, onDeadLetters } = this.#context;
    const target = await orUnavailable(letters.lettersPipeline(pipeline.name));
    if (target === 'unavailable') return 'the dead-letter table cannot be opened now';
    if ('kind' in target) return target.reason;
    const cause = causeOf(misfits);
    const rows = lettersOfEntry(entry, misfits, {
      prefix: cause === 'poison' ? 'poison' : 'late',
      cause,
      receivedAt: runtime.clock.now(),
      table: formatTableName(pipeline.name),
      schemaId: pipeline.view.schema.schemaId,
    });
    const composed = await letters.compose(target, rows);
    if ('kind' in composed) return composed.reason;
    const refusals = misfits.map(({ index, misfit }): LateRefusal => ({
      table: pipeline.uuid,
      lane: entry.lane,
      offset: offset(entry.baseOffset + BigInt(index)),
      cause: `${misfit.code} at "${misfit.pointer}"`,
    }));
    const decided = await log.decide(refusals, composed.draft, (entries) => handOver(entries, target, composed.ready));
    if (decided.kind === 'full') return `the byte budget of the ${decided.scope} is full`;
    if (decided.kind === 'refused') return decided.reason;
    for (const { misfit } of misfits) onDeadLetters(formatTableName(pipeline.name), misfit.code, 1);
    return undefined;
  }
}

/** A decision has the cause of its first record: the feed decides about one kind at a time. */
const causeOf = ([first]: readonly LateMisfit[]): LetterFacts['cause'] =>
  first?.misfit.code === 'poison' ? 'poison' : 'late_refusal';

/**
 * Compaction of one table after another: plans, then group by group rewrites and commits, so that what is done stays done. Owns the order
 * and what is learnt on the way (speed, deletes already applied); how files are chosen, made and committed is beside it.
 */
import type { DeleteFile, LiveDataFile, MaintenanceFormat, PreparedReplace } from '../contracts/maintenance.ts';
import type { Arrangement, JobReport } from '../contracts/maintenance-port.ts';
import type { TableView } from '../contracts/table-format.ts';
import type { SnapshotSummary } from '../contracts/tables.ts';
import { spanned, type Tracer } from '../contracts/tracing.ts';
import { isSluiceError } from '../core/errors.ts';
import { formatTableName } from '../core/ids.ts';
import { rowOrderOf } from './arrangement.ts';
import { commitReplace, type CommitParts, type CommitTarget } from './commit-replace.ts';
import { CompactionExperience, type CompactionEstimate, type EstimatedPlan } from './compaction-estimate.ts';
import type { CompactionLimits } from './compaction-limits.ts';
import { CompactionTotal, type CompactionResult } from './compaction-total.ts';
import { planCompaction, type CompactionPlan, type RewriteGroup } from './compaction-plan.ts';
import { dropDangling, TABLE_GONE, troubleOf } from './dangling-deletes.ts';
import { rewriteGroup, type RewriteParts, type RewrittenGroup } from './rewrite-group.ts';

export interface CompactorParts<V extends TableView, R extends PreparedReplace>
  extends CommitParts<V, R>, Omit<RewriteParts<V>, 'onTrouble' | 'format' | 'span'> {
  readonly format: MaintenanceFormat<V, R>;
  readonly history: (view: V) => readonly Pick<SnapshotSummary, 'sequenceNumber' | 'timestampMs'>[];
  readonly limitsOf: (view: V) => CompactionPolicy;
  /** Resolves when ingestion does not lag. */
  readonly calm: (signal: AbortSignal) => Promise<void>;
  readonly onBytes: (read: number, written: number) => void;
  readonly tracer: Tracer;
}

export interface CompactionPolicy extends CompactionLimits {
  /** A partition without a new file for this long is cold. Milliseconds. */
  readonly coldAfterMs: number;
}

/** Files whose applied deletes are remembered; a forgotten one may be rewritten once more for nothing. */
const REMEMBERED = 10_000;

export class Compactor<V extends TableView, R extends PreparedReplace> {
  readonly #parts: CompactorParts<V, R>;
  readonly #applied = new Map<string, ReadonlySet<string>>();
  readonly #experience = new CompactionExperience();

  constructor(parts: CompactorParts<V, R>) {
    this.#parts = parts;
  }

  /** `arrangement`: of all files, in place of a choice by size. Rejects with kind `invalid-input` when the table has not its columns. */
  async plan(view: V, arrangement?: Arrangement): Promise<CompactionPlan> {
    const { format, limitsOf } = this.#parts;
    const limits = limitsOf(view);
    const rowOrder = arrangement === undefined ? undefined : rowOrderOf(view, arrangement);
    const files: LiveDataFile[] = [];
    for await (const file of format.live(view)) files.push(file);
    const deletes: DeleteFile[] = [];
    for await (const file of format.deletes(view)) deletes.push(file);
    const coldSequence = this.#coldSequence(view, limits.coldAfterMs);
    const isSorted = view.sortOrder.fields.length > 0;
    const input = { files, deletes, specId: view.spec.specId, coldSequence, isSorted, applied: this.#applied };
    return planCompaction(rowOrder === undefined ? input : { ...input, rowOrder }, limits);
  }

  estimate(plan: EstimatedPlan): CompactionEstimate {
    return this.#experience.estimate(plan);
  }

  /** Rejects with kind `closed` when the signal aborts: groups committed before stay, the rest leaves nothing but orphans. */
  async run(
    target: CommitTarget,
    view: V,
    plan: CompactionPlan,
    report: JobReport,
    signal: AbortSignal,
  ): Promise<CompactionResult> {
    const total = new CompactionTotal(plan.use);
    let done = 0n;
    const bytes = this.estimate(plan).bytes;
    report.progress(0, Number(bytes));
    if (plan.dangling.length > 0) {
      await this.#parts.calm(signal);
      const cleared = await dropDangling(this.#parts, target, view, plan.dangling, report, signal);
      if (cleared === 'table-gone') return total.result;
      if (cleared === 'dropped') total.deletesRemoved(plan.dangling.length);
    }
    for (const group of plan.groups) {
      await this.#parts.calm(signal);
      signal.throwIfAborted();
      const gone = await this.#orSkip(group, total, report, () =>
        this.#one(target, view, group, total, report, signal),
      );
      if (gone) break;
      done += group.bytes;
      report.progress(Number(done), Number(bytes));
    }
    return total.result;
  }

  /** Files that cannot be read or rewritten exactly are left as they are, and hold up no others. */
  async #orSkip(
    group: RewriteGroup,
    total: CompactionTotal,
    report: JobReport,
    work: () => Promise<boolean>,
  ): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (!isSluiceError(error, 'corrupt') && !isSluiceError(error, 'unsupported')) throw error;
      total.failed();
      report.log(
        `${group.files.length} files cannot be rewritten: ${error.message} ${JSON.stringify(error.context, textOf)}`,
      );
      return false;
    }
  }

  /** True when the table is gone. */
  async #one(
    target: CommitTarget,
    view: V,
    group: RewriteGroup,
    total: CompactionTotal,
    report: JobReport,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { format, onBytes } = this.#parts;
    const basedOn = format.basis(view);
    if (basedOn === undefined) return false;
    const onTrouble = (cause: unknown): void => report.log(`tried again: ${String(cause)}`);
    const span = this.#parts.tracer.work('compaction', [], { 'sluice.table': formatTableName(target.name) });
    const made = await spanned(span, () => rewriteGroup({ ...this.#parts, onTrouble, span }, view, group, signal));
    onBytes(Number(group.bytes), Number(made.bytesOut));
    this.#experience.learn(group, made, group.rowOrder !== undefined || view.sortOrder.fields.length > 0);
    const removedDeletes = total.removableDeletes(group);
    const change = { removed: group.files, removedDeletes, added: made.files, basedOn };
    const end = await commitReplace(this.#parts, target, view, change, made, troubleOf(report), signal);
    switch (end.kind) {
      case 'committed':
        total.committed(group, made);
        total.deletesRemoved(removedDeletes.length);
        this.#remember(
          group.deletes.filter((file) => !removedDeletes.includes(file)),
          made,
        );
        report.log(
          `${group.files.length} files became ${made.files.length} (${group.reasons.join(', ')}) in snapshot ${end.snapshot}`,
        );
        return false;
      case 'dropped':
        total.dropped(group, made);
        report.log(`a rewrite of ${group.files.length} files was dropped: ${end.why}`);
        return false;
      case 'table-gone':
        report.log(TABLE_GONE);
        return true;
    }
  }

  #coldSequence(view: V, coldAfterMs: number): bigint {
    const since = this.#parts.runtime.clock.now() - coldAfterMs;
    const history = this.#parts.history(view);
    const old = history.filter(({ timestampMs }) => timestampMs <= since).map(({ sequenceNumber }) => sequenceNumber);
    const oldest = history.map(({ sequenceNumber }) => sequenceNumber);
    // Snapshots that are forgotten are older than those that are known.
    return old.length > 0 ? maximum(old) : oldest.length > 0 ? -maximum(oldest.map((sequence) => -sequence)) - 1n : 0n;
  }

  #remember(deletes: readonly DeleteFile[], { files }: RewrittenGroup): void {
    if (deletes.length === 0) return;
    const left = new Set(deletes.map(({ filePath }) => filePath));
    for (const { filePath } of files) this.#applied.set(filePath, left);
    for (const filePath of this.#applied.keys()) {
      if (this.#applied.size <= REMEMBERED) break;
      this.#applied.delete(filePath);
    }
  }
}

const textOf = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

const maximum = (values: readonly bigint[]): bigint => values.reduce((most, value) => (value > most ? value : most));

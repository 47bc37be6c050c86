/** What the pipeline of a table is given, and how it says it is doing. Shapes only. */
import type { Epoch, Generation, PipelineId, TableUuid } from '../core/ids.ts';
import type { Pace } from '../core/pace.ts';
import type { TaskGroup } from '../core/task-group.ts';
import type { FileLayout } from '../contracts/column-engine.ts';
import type { Log } from '../contracts/log.ts';
import type { RecordChecker } from '../contracts/record-checker.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';
import type { PreparedChange, TableFormat, TableView } from '../contracts/table-format.ts';
import type { TrialWriter } from '../contracts/trial-writer.ts';
import type { AttemptBook } from './poison/attempt-book.ts';
import type { EpochsContext } from './epochs.ts';
import type { LateRefusals } from './dead-letters/late-refusals.ts';
import type { ProducersContext } from './producers/table-producers.ts';

export interface PipelineContext<V extends TableView, P extends PreparedChange> extends EpochsContext {
  readonly format: TableFormat<V, P>;
  readonly log: Log;
  readonly pipeline: PipelineId;
  readonly generation: Generation;
  /** The next number of the pipeline's checkpoint counter. */
  readonly nextEpoch: () => Epoch;
  readonly pace: Pace;
  readonly layoutOf: (view: V) => FileLayout;
  readonly checkerOf: (view: V) => RecordChecker;
  readonly producers: ProducersContext;
  readonly late: Pick<LateRefusals<V, P>, 'decide' | 'passed'>;
  readonly attempts: AttemptBook;
  readonly trials: TrialWriter;
  readonly group: TaskGroup;
  readonly onCheckpoint: (table: TableUuid, record: CheckpointRecord) => void;
  readonly onTrouble: (table: TableUuid, state: string, cause: string) => void;
}

export type PipelineState =
  | { readonly kind: 'running' }
  | { readonly kind: 'failing'; readonly reason: string }
  | {
      readonly kind: 'stopped';
      readonly code: StopCode;
      readonly reason: string;
      readonly remedy: string;
      /** Under which it stopped; a commit that was under way may have seen a later one since. */
      readonly schemaId: number;
    };

export type StopCode = 'gap' | 'fenced' | 'table-gone' | 'not-writable' | 'internal';

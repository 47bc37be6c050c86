/**
 * What people do about dead letters: look, replay, discard. A replay puts the records and the marks on their rows into one frame, and reads
 * only after every earlier mark is in the table: so each record lands once, whatever is interrupted. Owns that order.
 */
import { SluiceError } from '../../core/errors.ts';
import { formatTableName, type TableName } from '../../core/ids.ts';
import { uuidV7, type Runtime } from '../../core/runtime.ts';
import { CommitQueue } from '../../commit/commit-queue.ts';
import type {
  DeadLetter,
  DeadLetterPort,
  LetterAction,
  LetterFilter,
  LetterPage,
  LetterReader,
} from '../../contracts/dead-letters.ts';
import type { EntryDraft, Log } from '../../contracts/log.ts';
import type { Misfit } from '../../contracts/record-checker.ts';
import type { Position } from '../../contracts/service-ports.ts';
import type { PreparedChange, TableView } from '../../contracts/table-format.ts';
import { deadLetterTableOf, letterLine, type LetterStatus } from '../../record/dead-letter-table.ts';
import type { Coordinator } from '../coordinator.ts';
import { positionAfter } from '../prepared.ts';
import type { TablePipeline } from '../table-pipeline.ts';
import { handOver } from './dead-letters.ts';
import { patched } from './patched.ts';

/** Letters a frame: what is read, checked and appended together. */
const FRAME_LETTERS = 500;
const FRAME_BYTES = 8 * 1024 * 1024;
const MAX_A_CALL = 10_000;
const MAX_LISTED = 100;

interface Fitting {
  readonly count: number;
  readonly lines: Uint8Array[];
}

type Kept = Misfit & { readonly id: string };

export class LetterDesk<V extends TableView, P extends PreparedChange> implements DeadLetterPort {
  readonly #coordinator: Coordinator<V, P>;
  readonly #log: Log;
  readonly #reader: LetterReader;
  readonly #runtime: Runtime;
  readonly #queues = new Map<string, CommitQueue>();

  constructor(coordinator: Coordinator<V, P>, log: Log, reader: LetterReader, runtime: Runtime) {
    this.#coordinator = coordinator;
    this.#log = log;
    this.#reader = reader;
    this.#runtime = runtime;
  }

  async list(
    table: TableName,
    filter: LetterFilter,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<LetterPage | undefined> {
    const letters = await this.#lettersOf(table);
    if (letters === undefined) return undefined;
    return letters === 'none'
      ? { letters: [] }
      : this.#reader.page(letters.name, filter, { ...page, maxBytes: FRAME_BYTES });
  }

  async groups(table: TableName, filter: LetterFilter): ReturnType<DeadLetterPort['groups']> {
    const letters = await this.#lettersOf(table);
    if (letters === undefined) return undefined;
    return letters === 'none' ? [] : this.#reader.groups(letters.name, filter);
  }

  settle(
    table: TableName,
    action: LetterAction,
    filter: LetterFilter,
    after?: string,
  ): ReturnType<DeadLetterPort['settle']> {
    const key = formatTableName(table);
    const queue = this.#queues.get(key) ?? new CommitQueue();
    this.#queues.set(key, queue);
    return queue.run(() => this.#settle(table, action, filter, after));
  }

  async #settle(
    table: TableName,
    action: LetterAction,
    filter: LetterFilter,
    from: string | undefined,
  ): ReturnType<DeadLetterPort['settle']> {
    const batch = `${action.kind}_${uuidV7(this.#runtime).replaceAll('-', '')}`;
    const pipeline = await this.#coordinator.pipelineOf(table);
    const letters = await this.#lettersOf(table);
    if (pipeline === undefined || letters === undefined) return undefined;
    if (letters === 'none') return { done: 0, batch, kept: [], keptTotal: 0 };
    for (const { name, state } of [letters, ...(action.kind === 'replay' ? [pipeline] : [])])
      if (state.kind === 'stopped') {
        const reason = `table ${formatTableName(name)} is stopped: ${state.reason}`;
        return { kind: 'table-stopped', reason, remedy: state.remedy };
      }
    // Marks of a replay that was interrupted lie in the log: once they are in the table, reading sees them.
    await this.#commitBoth(pipeline, letters);
    if (letters.state.kind === 'stopped')
      return { kind: 'table-stopped', reason: letters.state.reason, remedy: letters.state.remedy };
    await pipeline.refresh();

    let done = 0;
    let keptTotal = 0;
    let position: Position | undefined;
    const kept: Kept[] = [];
    let next = from;
    let seen = 0;
    let interrupted: string | undefined;
    do {
      const page = await this.#reader.page(
        letters.name,
        { ...filter, status: 'open' },
        { ...(next === undefined ? {} : { after: next }), limit: FRAME_LETTERS, maxBytes: FRAME_BYTES },
      );
      const step = await this.#frame(pipeline, letters, action, batch, page.letters);
      if ('interrupted' in step) {
        interrupted = step.interrupted;
        break;
      }
      done += step.done;
      position = step.position ?? position;
      keptTotal += step.kept.length;
      kept.push(...step.kept.slice(0, MAX_LISTED - kept.length));
      seen += page.letters.length;
      next = page.next;
    } while (next !== undefined && seen < MAX_A_CALL);
    // Whoever looks after the answer sees the marks.
    if (done > 0) await this.#commitBoth(pipeline, letters);
    return {
      done,
      batch,
      ...(position === undefined ? {} : { position }),
      kept,
      keptTotal,
      ...(next === undefined ? {} : { next }),
      ...(interrupted === undefined ? {} : { interrupted }),
    };
  }

  /** Letters of late refusals wait for the table they were refused by. */
  async #commitBoth(pipeline: TablePipeline<V, P>, letters: TablePipeline<V, P>): Promise<void> {
    await Promise.all([pipeline, letters].map(({ uuid }) => this.#coordinator.checkpoint(uuid, 'operator', NEVER)));
  }

  /** One page of letters: what fits now goes into the log with its marks, all or none. */
  async #frame(
    pipeline: TablePipeline<V, P>,
    letters: TablePipeline<V, P>,
    action: LetterAction,
    batch: string,
    page: readonly DeadLetter[],
  ): Promise<
    | { readonly done: number; readonly kept: readonly Kept[]; readonly position?: Position }
    | { readonly interrupted: string }
  > {
    const { schemaId } = pipeline.view.schema;
    const kept: Kept[] = [];
    const settled: DeadLetter[] = [];
    const fitting = new Map<boolean, Fitting>();
    for (const letter of page) {
      if (action.kind === 'replay') {
        const fits = await this.#check(pipeline, letter, action.patch);
        if (fits.kind === 'misfit') {
          kept.push({ id: letter.id, ...fits.misfit });
          continue;
        }
        const { count, lines } = fitting.get(letter.ignoreUnknownFields) ?? { count: 0, lines: [] };
        fitting.set(letter.ignoreUnknownFields, { count: count + 1, lines: [...lines, fits.lines] });
      }
      settled.push(letter);
    }
    if (settled.length === 0) return { done: 0, kept };
    const status = action.kind === 'replay' ? 'replayed' : 'discarded';
    const marks = await this.#coordinator.deadLetters.compose(
      letters,
      this.#marks(pipeline.name, settled, batch, status),
    );
    if ('kind' in marks) return { interrupted: marks.reason };
    const drafts = [...fitting].map(([ignoreUnknownFields, { count, lines }]): EntryDraft => ({
      table: pipeline.uuid,
      schemaId,
      count,
      payload: Buffer.concat(lines),
      ...(ignoreUnknownFields ? { ignoreUnknownFields } : {}),
    }));
    const appended = await this.#log.append([...drafts, marks.draft], (entries) => {
      handOver(entries, pipeline, undefined);
      handOver(entries, letters, marks.ready);
    });
    if (appended.kind === 'full') return { interrupted: `the byte budget of the ${appended.scope} is full` };
    if (appended.kind === 'refused') return { interrupted: appended.reason };
    if (appended.kind === 'withheld') throw new SluiceError('internal', 'the log withheld what asked for nothing');
    const last = appended.entries.findLast(({ table }) => table === pipeline.uuid);
    return { done: settled.length, kept, ...(last === undefined ? {} : { position: positionAfter(last) }) };
  }

  async #check(
    { checker }: TablePipeline<V, P>,
    { original, ignoreUnknownFields }: DeadLetter,
    patch: string | undefined,
  ): Promise<
    { readonly kind: 'fits'; readonly lines: Uint8Array } | { readonly kind: 'misfit'; readonly misfit: Misfit }
  > {
    const record = patched(original, patch);
    if (record.kind === 'misfit') return record;
    const checked = await this.#coordinator.pace.run(
      checker.checkInSteps(record.bytes, record.format, { ignoreUnknownFields }),
    );
    if (checked.kind === 'accepted' && checked.count === 1) return { kind: 'fits', lines: checked.lines };
    const [first] = checked.kind === 'refused' ? checked.refusals : [];
    if (first === undefined) throw new SluiceError('internal', 'a dead letter is not one record');
    const { record: _record, line: _line, ...misfit } = first;
    return { kind: 'misfit', misfit };
  }

  #marks(table: TableName, letters: readonly DeadLetter[], batch: string, status: LetterStatus): readonly string[] {
    const received_at = new Date(this.#runtime.clock.now()).toISOString();
    const table_name = formatTableName(table);
    return letters.map(({ id }) => letterLine({ id, status, batch, received_at, table_name }));
  }

  async #lettersOf(table: TableName): Promise<TablePipeline<V, P> | 'none' | undefined> {
    const name = deadLetterTableOf(table);
    const letters = name === undefined ? undefined : await this.#coordinator.pipelineOf(name);
    if (letters !== undefined) return letters;
    return (await this.#coordinator.pipelineOf(table)) === undefined ? undefined : 'none';
  }
}

/** An operator's work ends when it has settled; the connection's timeout is the API's. */
const NEVER = new AbortController().signal;

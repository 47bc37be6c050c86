/**
 * Records that do not fit, on their way into the dead-letter table beside their own: the table made on demand, the request parted into
 * what fits and what does not, both in one frame. Owns batches and rows; what is wrong with a record is the checker's word.
 */
import { SluiceError, isSluiceError } from '../../core/errors.ts';
import { formatTableName, type TableName } from '../../core/ids.ts';
import type { Pace } from '../../core/pace.ts';
import { uuidV7, type Runtime } from '../../core/runtime.ts';
import type { Entry, EntryDraft } from '../../contracts/log.ts';
import type { CheckOutcome, RecordChecker, Refusal } from '../../contracts/record-checker.ts';
import type { AppendAnswer, AppendRequest } from '../../contracts/service-ports.ts';
import type { PreparedChange, TableView } from '../../contracts/table-format.ts';
import type { TableDefinition } from '../../contracts/tables.ts';
import {
  base64,
  batchOf,
  deadLetterTableOf,
  isDeadLetterTable,
  letterLine,
  LETTER_DAY,
  LETTER_FIELDS,
} from '../../record/dead-letter-table.ts';
import type { ReadyLines } from '../feed.ts';
import { positionAfter, type Prepared } from '../prepared.ts';
import type { TablePipeline } from '../table-pipeline.ts';

export interface DeadLettersContext<V extends TableView, P extends PreparedChange> {
  readonly runtime: Runtime;
  readonly pace: Pace;
  readonly pipelineOf: (name: TableName) => Promise<TablePipeline<V, P> | undefined>;
  /** With the daemon's defaults for new tables; one that exists stays as it is. */
  readonly createTable: (definition: TableDefinition) => Promise<unknown>;
  /** Hears of dead letters that are durable. */
  readonly onDeadLetters: (table: string, code: string, records: number) => void;
}

/** A frame with more would hold the process's memory: the sender is told to send less at a time. */
const MAX_A_REQUEST = 100_000;
const MAX_LISTED = 100;

export interface Letters {
  readonly draft: EntryDraft;
  /** As staging takes them. */
  readonly ready: ReadyLines;
}

type Stopped = Extract<AppendAnswer, { kind: 'table-stopped' }>;

/** Whether the table can have dead letters at all. */
export const canHaveLetters = (table: TableName): boolean =>
  deadLetterTableOf(table) !== undefined && !isDeadLetterTable(table);

export class DeadLetters<V extends TableView, P extends PreparedChange> {
  readonly #context: DeadLettersContext<V, P>;

  constructor(context: DeadLettersContext<V, P>) {
    this.#context = context;
  }

  /** A request of which `checked` says that some records do not fit. `batch` names its dead letters; no two requests may share one. */
  async divide(
    pipeline: TablePipeline<V, P>,
    request: AppendRequest,
    attempt: {
      readonly checker: RecordChecker;
      readonly schemaId: number;
      readonly checked: Extract<CheckOutcome, { kind: 'refused' }>;
    },
    batch = batchOf(uuidV7(this.#context.runtime)),
  ): Promise<Prepared | AppendAnswer> {
    const { pace, runtime } = this.#context;
    const { checker, schemaId, checked } = attempt;
    if (checked.total > MAX_A_REQUEST) throw tooMany(checked.total);
    const shared = {
      batch,
      received_at: new Date(runtime.clock.now()).toISOString(),
      table_name: formatTableName(pipeline.name),
      cause: 'refused',
      ...(request.requestId === undefined ? {} : { request_id: request.requestId }),
      schema_id: schemaId,
      ignore_unknown_fields: request.ignoreUnknownFields,
    } as const;
    const rows: string[] = [];
    const refusals: Refusal[] = [];
    const byCode = new Map<string, number>();
    const divided = await pace.run(
      checker.divideInSteps(request.body, request.format, request, (refusal, original) => {
        if (refusals.length < MAX_LISTED) refusals.push(refusal);
        byCode.set(refusal.code, (byCode.get(refusal.code) ?? 0) + 1);
        rows.push(
          letterLine({
            id: letterId(batch, refusal.record),
            status: 'open',
            ...shared,
            ...refusal,
            original: base64(original),
          }),
        );
      }),
    );
    if (divided.kind === 'refused') return divided;
    const letters = await orUnavailable(this.lettersPipeline(pipeline.name));
    if (letters === 'unavailable')
      return { kind: 'not-accepting', reason: 'the dead-letter table of the table cannot be opened now' };
    if ('kind' in letters) return letters;
    const bad = await this.compose(letters, rows);
    if ('kind' in bad) return bad;
    const good = await this.#good(pipeline, request, attempt, divided);
    return {
      drafts: [...(good === undefined ? [] : [good.draft]), bad.draft],
      records: divided.count + divided.refused,
      accepted: divided.count,
      onAppended: (entries) => {
        handOver(entries, pipeline, good?.ready);
        handOver(entries, letters, bad.ready);
      },
      answerOf: (entries) => {
        const own = entries.find(({ table }) => table === pipeline.uuid);
        const theirs = entries.find(({ table }) => table === letters.uuid);
        if (theirs === undefined) throw new SluiceError('internal', 'the log stored dead letters without an entry');
        for (const [code, records] of byCode) this.#context.onDeadLetters(shared.table_name, code, records);
        const position = positionAfter(theirs);
        const committed = () => letters.positions.wait(position);
        const deadLetters = {
          table: letters.name,
          batch,
          rejected: divided.refused,
          position,
          refusals,
        };
        if (own === undefined) return { position, committed, deadLetters };
        const place = positionAfter(own);
        return {
          position: place,
          committed: async () => (await Promise.all([pipeline.positions.wait(place), committed()]))[0],
          deadLetters,
        };
      },
    };
  }

  /** That of the table's dead letters, made on first use. Throws `unsupported` for a table that can have none. */
  async lettersPipeline(table: TableName): Promise<TablePipeline<V, P> | Stopped> {
    const name = deadLetterTableOf(table);
    if (name === undefined || isDeadLetterTable(table)) throw cannotHaveAny(table);
    const { pipelineOf, createTable } = this.#context;
    let pipeline = await pipelineOf(name);
    if (pipeline === undefined) {
      await createTable({ name, fields: LETTER_FIELDS, partition: [LETTER_DAY], properties: new Map() });
      pipeline = await pipelineOf(name);
    }
    if (pipeline === undefined)
      throw new SluiceError('unavailable', `table ${formatTableName(name)} was created and is not there`);
    const { state } = pipeline;
    return state.kind === 'stopped'
      ? {
          kind: 'table-stopped',
          reason: `the dead-letter table ${formatTableName(name)} is stopped: ${state.reason}`,
          remedy: state.remedy,
        }
      : pipeline;
  }

  /** Rows as an entry of the dead-letter table. Columns that somebody dropped there are left out. */
  async compose(pipeline: TablePipeline<V, P>, rows: readonly string[]): Promise<Letters | Stopped> {
    const { checker: by, view } = pipeline;
    const payload = Buffer.from(rows.join(''));
    const { lines, refused } = await this.#context.pace.run(by.canonicalInSteps(payload, LENIENT));
    const [first] = refused;
    if (first !== undefined)
      return {
        kind: 'table-stopped',
        reason: `table ${formatTableName(pipeline.name)} does not take dead letters: ${first.misfit.pointer} ${first.misfit.detail}`,
        remedy: 'rename it or mend its columns; docs/dead-letters.md lists them',
      };
    return {
      draft: {
        table: pipeline.uuid,
        schemaId: view.schema.schemaId,
        count: rows.length,
        payload,
        ignoreUnknownFields: true,
      },
      ready: { by, lines },
    };
  }

  /** The table's own entry. What a producer is remembered by is kept there, so that the table's commits hold it: without a record, too. */
  async #good(
    pipeline: TablePipeline<V, P>,
    request: AppendRequest,
    { checker, schemaId }: { readonly checker: RecordChecker; readonly schemaId: number },
    { lines: payload, count, canonical }: { lines: Uint8Array; count: number; canonical: boolean },
  ): Promise<Letters | undefined> {
    if (count === 0)
      return request.producer === undefined
        ? undefined
        : {
            draft: { table: pipeline.uuid, schemaId, count: 1, payload: NO_LINES },
            ready: { by: checker, lines: NO_LINES, count: 0 },
          };
    const lines = canonical
      ? payload
      : (await this.#context.pace.run(checker.canonicalInSteps(payload, request))).lines;
    return {
      draft: {
        table: pipeline.uuid,
        schemaId,
        count,
        payload,
        ...(request.ignoreUnknownFields ? { ignoreUnknownFields: true } : {}),
      },
      ready: { by: checker, lines, ...(request.trace === undefined ? {} : { trace: request.trace }) },
    };
  }
}

/** What does not answer now is a value: somebody will ask again. */
export const orUnavailable = <T>(work: Promise<T>): Promise<T | 'unavailable'> =>
  work.catch((error: unknown) => {
    if (isSluiceError(error, 'unavailable')) return 'unavailable' as const;
    throw error;
  });

const NO_LINES = new Uint8Array();

const LENIENT = { ignoreUnknownFields: true };

/** Sorts like the records of the batch. */
const letterId = (batch: string, record: number): string => `${batch}-${String(record).padStart(8, '0')}`;

/** Gives the table its entry of the frame. */
export function handOver<V extends TableView, P extends PreparedChange>(
  entries: readonly Entry[],
  pipeline: TablePipeline<V, P>,
  ready: Letters['ready'] | undefined,
): void {
  for (const entry of entries) if (entry.table === pipeline.uuid) pipeline.onAppended(entry, ready);
}

const tooMany = (records: number): SluiceError =>
  new SluiceError('invalid-input', `${records} records of the request do not fit; nothing was written`, {
    remedy: `send smaller batches: at most ${MAX_A_REQUEST} records of a request become dead letters`,
  });

const cannotHaveAny = (table: TableName): SluiceError =>
  new SluiceError('unsupported', `table ${formatTableName(table)} cannot have a dead-letter table`, {
    remedy: isDeadLetterTable(table)
      ? 'it is one itself: send with on_error=reject'
      : 'send with on_error=reject, or to a table whose name is at most 114 letters, digits, "_" and "-"',
  });

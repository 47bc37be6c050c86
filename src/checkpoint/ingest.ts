/**
 * The way of a request from its body to the 2xx (design §2, protocol §3): check, append, answer. Owns what a producer is told.
 * Staging happens inside the append, so that offsets and staging never disagree.
 */
import { SluiceError, isSluiceError, messageOf } from '../core/errors.ts';
import type { TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import { untilAborted } from '../core/until-aborted.ts';
import type { Log } from '../contracts/log.ts';
import type { CheckOutcome, RecordChecker } from '../contracts/record-checker.ts';
import type { AppendAnswer, AppendRequest, IngestPort, Position, PositionState } from '../contracts/service-ports.ts';
import type { PreparedChange, TableView } from '../contracts/table-format.ts';
import { onErrorOf } from '../record/on-error.ts';
import type { Coordinator } from './coordinator.ts';
import { positionAfter, type Prepared } from './prepared.ts';
import { turnOf, type ProducerTurn } from './producers/producer-turn.ts';
import type { TablePipeline } from './table-pipeline.ts';

/** A full budget is asked for again after about one checkpoint. */
const RETRY_AFTER_MS = 1_000;

export class Ingest<V extends TableView, P extends PreparedChange> implements IngestPort {
  readonly #coordinator: Coordinator<V, P>;
  readonly #log: Log;
  readonly #runtime: Runtime;
  readonly #underWay = new Set<Promise<AppendAnswer>>();
  #notAccepting: string | undefined;

  constructor(coordinator: Coordinator<V, P>, log: Log, runtime: Runtime) {
    this.#coordinator = coordinator;
    this.#log = log;
    this.#runtime = runtime;
  }

  /** From now on every append answers `not-accepting`; those under way end as they would. Resolves when they have. */
  async close(reason: string): Promise<void> {
    this.#notAccepting = reason;
    await Promise.allSettled(this.#underWay);
  }

  append(request: AppendRequest): Promise<AppendAnswer> {
    const answer = this.#append(request);
    this.#underWay.add(answer);
    const forget = (): boolean => this.#underWay.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  async #append(request: AppendRequest): Promise<AppendAnswer> {
    const ready = await this.#pipelineFor(request.table);
    if ('kind' in ready) return ready;
    if (request.producer !== undefined) {
      const waited = await heard(ready.pipeline.producersReady());
      if (waited !== undefined) return waited;
    }
    const { producers, positions } = ready.pipeline;
    const lettersCommitted = () => this.#coordinator.lettersCommitted(request.table);
    const turn = turnOf(
      { name: request.table, runtime: this.#runtime, producers, positions, lettersCommitted },
      request,
    );
    try {
      const known = turn?.answer;
      if (known === undefined) return await this.#store(ready.pipeline, request, turn);
      return known.kind === 'durable' ? await this.#withRefusals(ready.pipeline, request, known) : known;
    } finally {
      turn?.end();
    }
  }

  async #store(
    pipeline: TablePipeline<V, P>,
    request: AppendRequest,
    turn: ProducerTurn | undefined,
  ): Promise<AppendAnswer> {
    const attempt = await this.#check(pipeline, request);
    const { checker, schemaId, checked } = attempt;
    if (checked.kind === 'accepted' && checked.count === 0) return { kind: 'empty' };
    const before = checked.kind === 'refused' ? turn?.refused(checked.count) : undefined;
    if (before !== undefined) return before;
    let prepared: Prepared | AppendAnswer;
    if (checked.kind === 'accepted') prepared = await this.#whole(pipeline, request, checker, schemaId, checked);
    else if ((request.onError ?? onErrorOf(pipeline.view.properties)) === 'reject') return checked;
    else
      prepared = await this.#coordinator.deadLetters.divide(
        pipeline,
        request,
        { checker, schemaId, checked },
        turn?.batch,
      );
    if ('kind' in prepared) return prepared;

    const { drafts, records, accepted, onAppended, answerOf } = prepared;
    const stamp = turn?.stamp(records);
    const stamped = drafts.map((draft) =>
      stamp === undefined || draft.table !== pipeline.uuid ? draft : { ...draft, producer: stamp },
    );
    const appended = await this.#log.append(stamped, onAppended, turn?.admission(records));
    switch (appended.kind) {
      case 'withheld':
        if (turn === undefined) throw new SluiceError('internal', 'the log withheld a request that asked for nothing');
        return turn.withheld(records);
      case 'full':
        return { kind: 'overloaded', scope: appended.scope, retryAfterMs: RETRY_AFTER_MS };
      case 'refused':
        return { kind: 'not-accepting', reason: appended.reason };
      case 'appended':
        return { kind: 'durable', accepted, ...answerOf(appended.entries) };
    }
  }

  /** What was wrong with a request stored before is not remembered: it is found again, as long as the table refuses as many. */
  async #withRefusals(
    pipeline: TablePipeline<V, P>,
    request: AppendRequest,
    answer: Extract<AppendAnswer, { kind: 'durable' }>,
  ): Promise<AppendAnswer> {
    const { deadLetters } = answer;
    if (deadLetters === undefined) return answer;
    const { checked } = await this.#check(pipeline, request);
    if (checked.kind !== 'refused' || checked.total !== deadLetters.rejected) return answer;
    return { ...answer, deadLetters: { ...deadLetters, refusals: checked.refusals } };
  }

  async #whole(
    pipeline: TablePipeline<V, P>,
    request: AppendRequest,
    checker: RecordChecker,
    schemaId: number,
    checked: Extract<CheckOutcome, { kind: 'accepted' }>,
  ): Promise<Prepared> {
    const draft = {
      table: pipeline.uuid,
      schemaId,
      count: checked.count,
      payload: checked.lines,
      ...(request.ignoreUnknownFields ? { ignoreUnknownFields: true } : {}),
    };
    // Made before the append: staging happens in the step in which the frame is durable, and a large body would make it a long one.
    const readyLines = {
      by: checker,
      ...(request.trace === undefined ? {} : { trace: request.trace }),
      lines:
        checked.canonical === true
          ? checked.lines
          : (await this.#coordinator.pace.run(checker.canonicalInSteps(checked.lines, request))).lines,
    };
    return {
      drafts: [draft],
      records: checked.count,
      accepted: checked.count,
      onAppended: (entries) => {
        for (const entry of entries) pipeline.onAppended(entry, readyLines);
      },
      answerOf: ([entry]) => {
        if (entry === undefined) throw new SluiceError('internal', 'the log stored a request without an entry');
        const position = positionAfter(entry);
        return { position, committed: () => pipeline.positions.wait(position) };
      },
    };
  }

  // Nobody tells us of a column that another writer added: a refusal is a reason to look.
  async #check(pipeline: TablePipeline<V, P>, request: AppendRequest) {
    const attempt = async () => {
      // Together, before the first pause: another schema may be adopted while a large body is checked.
      const { checker } = pipeline;
      const { schemaId } = pipeline.view.schema;
      const checked = await this.#coordinator.pace.run(checker.checkInSteps(request.body, request.format, request));
      return { checker, schemaId, checked };
    };
    const first = await attempt();
    if (first.checked.kind !== 'refused') return first;
    await pipeline.refresh();
    return pipeline.checker === first.checker ? first : attempt();
  }

  async dryRun(request: AppendRequest): ReturnType<IngestPort['dryRun']> {
    const pipeline = await this.#coordinator.pipelineOf(request.table);
    if (pipeline === undefined) return { kind: 'no-such-table' };
    const { checked } = await this.#check(pipeline, request);
    return checked.kind === 'refused' ? checked : { kind: 'valid', count: checked.count };
  }

  async position(table: TableName, position: Position): Promise<PositionState> {
    const pipeline = await this.#coordinator.pipelineOf(table);
    if (pipeline === undefined) return { kind: 'unknown-position' };
    return pipeline.positions.stateOf(position, pipeline.durableTo(position.lane));
  }

  async awaitPosition(table: TableName, position: Position, signal: AbortSignal): Promise<PositionState> {
    const pipeline = await this.#coordinator.pipelineOf(table);
    if (pipeline === undefined) return { kind: 'unknown-position' };
    const now = pipeline.positions.stateOf(position, pipeline.durableTo(position.lane));
    if (now.kind !== 'durable') return now;
    // Not learning it is no failure: what is known at that moment is the answer.
    await untilAborted(pipeline.positions.wait(position), signal).catch(() => undefined);
    return pipeline.positions.stateOf(position, pipeline.durableTo(position.lane));
  }

  async #pipelineFor(table: TableName): Promise<AppendAnswer | { readonly pipeline: TablePipeline<V, P> }> {
    if (this.#notAccepting !== undefined) return { kind: 'not-accepting', reason: this.#notAccepting };
    let pipeline: TablePipeline<V, P> | undefined;
    try {
      pipeline = await this.#coordinator.pipelineOf(table);
    } catch (error) {
      if (!isSluiceError(error, 'unavailable')) throw error;
      return { kind: 'not-accepting', reason: `the table cannot be opened now: ${messageOf(error)}` };
    }
    if (pipeline === undefined) return { kind: 'no-such-table' };
    const { state } = pipeline;
    return state.kind === 'stopped'
      ? { kind: 'table-stopped', reason: state.reason, remedy: state.remedy }
      : { pipeline };
  }
}

/** A wait that the end of the daemon cuts short, or that takes too long, is an answer. */
async function heard(ready: Promise<void> | undefined): Promise<AppendAnswer | undefined> {
  try {
    await ready;
    return undefined;
  } catch (error) {
    if (isSluiceError(error, 'closed')) return { kind: 'not-accepting', reason: 'the daemon is stopping' };
    if (isSluiceError(error, 'unavailable')) return { kind: 'not-accepting', reason: messageOf(error) };
    throw error;
  }
}

/** `POST /api/v1/tables/{ns}.{table}/records`: bytes in, a position out. Owns status codes; what is valid and durable is behind the port. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IngestResult } from '../../contracts/metrics.ts';
import type { AppendAnswer, AppendRequest } from '../../contracts/service-ports.ts';
import type { Span } from '../../contracts/tracing.ts';
import { formatTableName } from '../../core/ids.ts';
import { ON_ERRORS } from '../../record/on-error.ts';
import type { ApiContext } from '../context.ts';
import { appendDocs } from '../document/record-docs.ts';
import { principalOf } from '../guard.ts';
import { formatPosition } from '../position-text.ts';
import { ProblemError } from '../problems.ts';
import { CHANNEL_PARAMETERS, producerOf, producerProblem, stateWindow } from '../producer-request.ts';
import { QueryParameters } from '../query-parameters.ts';
import { NOT_ACCEPTING_RETRY_MS, refusal } from '../refusals.ts';
import { bodyOf, formatOf, tableOf } from '../requests.ts';
import { traced } from '../request-span.ts';
import { TABLE, type Route } from '../route.ts';
import { waitAtMost } from '../waiting.ts';
import { isoTime, json } from '../wire.ts';

const PATH = `${TABLE}/records`;
const PARAMETERS = ['ack', 'timeout', 'dry_run', 'unknown_fields', 'on_error', ...CHANNEL_PARAMETERS];
const DEFAULT_WAIT_MS = 15_000;

export const recordRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'POST',
    path: PATH,
    access: 'append',
    summary: 'Append records',
    handler: traced(context, PATH, appendRecords(context)),
    docs: appendDocs,
  },
];

const appendRecords =
  (context: ApiContext) =>
  async (request: FastifyRequest, reply: FastifyReply, span: Span): Promise<string> => {
    const { clock } = context.runtime;
    const startedAt = clock.monotonic();
    const table = tableOf(request);
    const name = formatTableName(table);
    const query = new QueryParameters(request.query, PARAMETERS);
    const ack = query.word('ack', ['durable', 'committed'], 'durable');
    const waitMs = query.duration('timeout', DEFAULT_WAIT_MS, context.settings.maxWaitMs);
    const dryRun = query.flag('dry_run');
    const ignoreUnknownFields = query.word('unknown_fields', ['reject', 'ignore'], 'reject') === 'ignore';
    const onError = query.choice('on_error', ON_ERRORS);
    const format = formatOf(request.headers['content-type']);
    const producer = producerOf(request, query);
    const channel = producer?.kind === 'channel' ? producer.name : undefined;

    const observe = (result: IngestResult, records: number, bytes: number, known = true): void =>
      context.metrics.ingest({
        table: known ? name : undefined,
        ack,
        result,
        records,
        bytes,
        seconds: (clock.monotonic() - startedAt) / 1000,
      });

    const read = await bodyOf(request, context).catch((error: unknown) => {
      observe(error instanceof ProblemError && error.kind === 'overloaded' ? 'overloaded' : 'refused', 0, 0, false);
      throw error;
    });
    const receivedAt = clock.now();
    const { body } = read;
    const append: AppendRequest = {
      table,
      body,
      format,
      ignoreUnknownFields,
      ...(span.context === undefined ? {} : { trace: span.context }),
      principal: principalOf(request).id,
      requestId: request.id,
      ...(producer === undefined ? {} : { producer }),
      ...(onError === undefined ? {} : { onError }),
    };
    let answer: AppendAnswer;
    try {
      if (dryRun) return await answerDryRun(context, append, reply);
      answer = await context.ingest.append(append);
    } catch (error) {
      observe('failed', 0, body.length, false);
      throw error;
    } finally {
      read.release();
    }
    if (producer?.kind === 'idempotency-key')
      stateWindow(reply, context, answer.kind === 'durable' && answer.replayed !== undefined);
    switch (answer.kind) {
      case 'durable': {
        const position = formatPosition(answer.position);
        span.set({ 'sluice.table': name, 'sluice.position': position, 'sluice.records': answer.accepted });
        if (ack === 'committed') return answerCommitted(answer);
        observe(answer.replayed === undefined ? 'accepted' : 'duplicate', answer.accepted, body.length);
        const rejected = rejectedOf(answer);
        if (rejected > 0) return json(withRejected(reply, rejected), 202, durableJson(name, answer, 'durable'));
        // By hand: every value is a name, a count or hex, and this is the hot path.
        reply.code(202).header('content-type', 'application/json');
        return `{"table":${JSON.stringify(name)},"accepted":${answer.accepted},"rejected":0,"ack":"durable","position":"${position}"}`;
      }
      case 'duplicate':
        observe('duplicate', 0, body.length);
        return answerDuplicate(answer);
      case 'producer-refused':
        observe('refused', 0, body.length);
        throw producerProblem(answer.refusal, name, channel);
      case 'empty':
        observe('accepted', 0, body.length);
        return json(reply, 200, { table: name, accepted: 0, rejected: 0, ack });
      case 'refused':
        observe('refused', answer.count, body.length);
        throw invalidRecords(answer);
      default:
        observe(
          answer.kind === 'overloaded' ? 'overloaded' : 'failed',
          0,
          body.length,
          answer.kind !== 'no-such-table',
        );
        throw refusal(answer, name);
    }

    /** Nothing is accepted a second time; where it was the first time is said as long as that is remembered. */
    async function answerDuplicate(duplicate: Extract<AppendAnswer, { kind: 'duplicate' }>): Promise<string> {
      const at = duplicate.position === undefined ? {} : { position: formatPosition(duplicate.position) };
      const common = { table: name, accepted: 0, rejected: 0, duplicate: true, ...at };
      const waited =
        ack === 'committed' && duplicate.committed !== undefined
          ? await waitAtMost(clock, waitMs, duplicate.committed())
          : undefined;
      if (waited?.kind !== 'done') return json(reply, 200, { ...common, ack: 'durable' });
      return json(reply, 200, {
        ...common,
        ack: 'committed',
        snapshot_id: waited.value.snapshot,
        committed_at: isoTime(waited.value.at),
      });
    }

    async function answerCommitted(durable: Durable): Promise<string> {
      const waited = await waitAtMost(clock, waitMs, durable.committed());
      observe(durable.replayed === undefined ? 'accepted' : 'duplicate', durable.accepted, body.length);
      const rejected = rejectedOf(durable);
      if (rejected > 0) withRejected(reply, rejected);
      switch (waited.kind) {
        case 'done':
          return json(reply, 200, {
            ...durableJson(name, durable, 'committed'),
            snapshot_id: waited.value.snapshot,
            committed_at: isoTime(waited.value.at),
            freshness_ms: Math.max(0, Math.round(waited.value.at - receivedAt)),
          });
        case 'timeout':
          return json(reply, 202, durableJson(name, durable, 'durable'));
        case 'failed':
          throw new ProblemError(
            'outcome-unknown',
            `the records are durable and will be committed; this process did not see it (${waited.cause}). Ask for the position, do not send them again.`,
            { extras: durableJson(name, durable, 'durable'), retryAfterMs: NOT_ACCEPTING_RETRY_MS },
          );
      }
    }
  };

type Durable = Extract<AppendAnswer, { kind: 'durable' }>;

/** A request of dead letters alone has no position in its own table. */
function durableJson(table: string, durable: Durable, ack: 'durable' | 'committed') {
  const { accepted, deadLetters } = durable;
  const position = accepted === 0 ? {} : { position: formatPosition(durable.position) };
  const common = { table, accepted, rejected: rejectedOf(durable), ack, ...position };
  if (deadLetters === undefined) return common;
  return {
    ...common,
    dead_letter: {
      table: formatTableName(deadLetters.table),
      batch: deadLetters.batch,
      position: formatPosition(deadLetters.position),
    },
    errors: deadLetters.refusals,
  };
}

const rejectedOf = ({ deadLetters }: Durable): number => deadLetters?.rejected ?? 0;

const withRejected = (reply: FastifyReply, rejected: number): FastifyReply =>
  reply.header('rejected-records', String(rejected));

async function answerDryRun(context: ApiContext, append: AppendRequest, reply: FastifyReply): Promise<string> {
  const answer = await context.ingest.dryRun(append);
  const table = formatTableName(append.table);
  switch (answer.kind) {
    case 'valid':
      return json(reply, 200, { table, valid: answer.count });
    case 'refused':
      throw invalidRecords(answer);
    case 'no-such-table':
      throw refusal(answer, table);
  }
}

/** 422 with at most 100 errors; nothing was written. */
function invalidRecords(answer: Extract<AppendAnswer, { kind: 'refused' }>): ProblemError {
  const { total, count, refusals } = answer;
  return new ProblemError(
    'invalid-records',
    'nothing was written; mend the records listed under errors and send all again',
    {
      title: `${total} of ${count} records ${total === 1 ? 'is' : 'are'} not valid`,
      extras: { accepted: 0, rejected: count, total_errors: total, errors: refusals },
    },
  );
}

/**
 * `sluice send TABLE FILE|-`: a file of NDJSON, batch by batch, in order. A file has a channel: a run that was cut short is simply run again,
 * and goes on where the table says. Without a channel a batch is sent again only when it is certain that nothing of it was stored: no
 * connection, or an answer that says so; when an answer is lost it stops and says where.
 */
import { Command, InvalidArgumentError } from 'commander';
import { createReadStream, statSync } from 'node:fs';
import { parseSize } from '../../config/units.ts';
import { backoffMs } from '../../core/backoff.ts';
import { messageOf } from '../../core/errors.ts';
import type { Answer, ApiClient, Problem } from '../api-client.ts';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import type { CliIo } from '../deps.ts';
import { CliFailure } from '../failure.ts';
import type { LineBatch } from '../ndjson-batches.ts';
import { lineBatches } from '../ndjson-batches.ts';
import { ProgressLine } from '../progress-line.ts';
import { channelOf, channelQuery, openChannel, type OpenChannel } from '../send-channel.ts';

interface SendOptions extends ClientOptions {
  readonly batchRecords: number;
  readonly batchBytes: number;
  readonly fromLine?: number;
  readonly channel?: string | false;
  readonly retries: number;
  readonly ignoreUnknownFields?: boolean;
  readonly wait?: boolean;
}

const BACKOFF = { initialMs: 200, maxMs: 10_000 };
const WAIT = '?wait=committed&timeout=60s';

export const sendCommand = (context: CommandContext): Command =>
  withClient(new Command('send'))
    .description('send a file of NDJSON to a table')
    .argument('<table>', 'namespace.table')
    .argument('<file>', 'a file, or - for standard input')
    .option('--batch-records <count>', 'records a request', positive, 5_000)
    .option('--batch-bytes <size>', 'bytes a request', bytes, 4 * 1024 * 1024)
    .option('--channel <name>', 'go on where this channel ended; a file has one of its own by default')
    .option('--no-channel', 'send every line, whatever was sent before')
    .option('--from-line <number>', 'start at this line, without a channel', positive)
    .option('--retries <count>', 'how often a batch is sent again', wholeNumber, 20)
    .option('--ignore-unknown-fields', 'leave out fields the table does not have')
    .option('--wait', 'end only when the last record is in the table')
    .action(async (table: string, file: string, options: SendOptions) => {
      const { io } = context;
      const client = clientOf(context, options);
      const input = open(file, io);
      const name = await channelName(table, file, options);
      const channel = name === undefined ? undefined : await openChannel(client, table, name);
      const progress = new ProgressLine(io, input.size);
      const sender = new Sender(client, io, table, channel, options);
      const limits = {
        maxLines: options.batchRecords,
        maxBytes: options.batchBytes,
        skip: (options.fromLine ?? 1) - 1,
        skipRecords: channel?.stored ?? 0,
      };
      try {
        for await (const batch of lineBatches(input.stream, limits)) {
          await sender.send(batch);
          progress.update(sender.accepted, batch.inputBytes);
        }
      } catch (error) {
        progress.clear();
        throw readFailure(error, file);
      }
      progress.finish(sender.accepted);
      const committed =
        options.wait === true && sender.position !== undefined
          ? await waitFor(client, table, sender.position)
          : undefined;
      const result = {
        table,
        accepted: String(sender.accepted),
        ...(channel === undefined ? {} : { channel: channel.name, sent_before: String(channel.stored) }),
        ...(sender.position === undefined ? {} : { position: sender.position }),
        ...committed,
      };
      terminalOf(context, options).facts(result, Object.entries(result));
    });

class Sender {
  readonly #client: ApiClient;
  readonly #io: CliIo;
  readonly #table: string;
  readonly #channel: OpenChannel | undefined;
  readonly #options: SendOptions;
  accepted = 0;
  position: string | undefined;

  constructor(client: ApiClient, io: CliIo, table: string, channel: OpenChannel | undefined, options: SendOptions) {
    this.#client = client;
    this.#io = io;
    this.#table = table;
    this.#channel = channel;
    this.#options = options;
  }

  async send(batch: LineBatch): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#client.request('POST', this.#path(batch), {
        bytes: batch.bytes,
        contentType: 'application/x-ndjson',
      });
      if (answer.kind === 'ok') {
        const { accepted, duplicate, position } = answer.body as {
          readonly accepted: number;
          readonly duplicate?: boolean;
          readonly position?: string;
        };
        // A duplicate is this run's own: its answer was lost.
        this.accepted += duplicate === true ? batch.records : accepted;
        this.position = position ?? this.position;
        return;
      }
      if (!this.#mayRetry(answer) || attempt >= this.#options.retries) throw this.#failure(answer, batch);
      const asked = answer.kind === 'problem' ? (answer.retryAfterMs ?? 0) : 0;
      await this.#io.clock.sleep(Math.max(asked, backoffMs(BACKOFF, attempt, this.#io.random)));
    }
  }

  #path(batch: LineBatch): string {
    const query = [
      ...(this.#options.ignoreUnknownFields === true ? ['unknown_fields=ignore'] : []),
      ...(this.#channel === undefined ? [] : [channelQuery(this.#channel, batch.firstRecord)]),
    ].join('&');
    return `${tablePath(this.#table)}/records${query === '' ? '' : `?${query}`}`;
  }

  /** With a channel nothing is stored twice, so whatever was not answered is sent again. */
  #mayRetry(answer: Exclude<Answer, { kind: 'ok' }>): boolean {
    return isRetryable(answer) || (this.#channel !== undefined && (answer.kind === 'no-answer' || isUnclear(answer)));
  }

  #channelFailure(
    answer: Exclude<Answer, { kind: 'ok' }>,
    failure: CliFailure,
    batch: LineBatch,
    { name }: OpenChannel,
  ): CliFailure {
    if (answer.kind === 'problem' && answer.problem.status === 422) {
      for (const line of refusedLines(answer.problem, batch)) this.#io.stderr.write(`${line}\n`);
      return new CliFailure(
        1,
        `${answer.problem.title}; the lines before ${batch.firstLine} are stored`,
        // The mended file is another one, and would get a channel of its own.
        `mend the lines named above, neither adding nor removing any, then go on with --channel ${name}`,
      );
    }
    return new CliFailure(failure.exitCode, failure.message, `${failure.remedy}; run again, it goes on where it ended`);
  }

  #failure(answer: Exclude<Answer, { kind: 'ok' }>, batch: LineBatch): CliFailure {
    const failure = this.#client.failureOf(answer);
    if (this.#channel !== undefined) return this.#channelFailure(answer, failure, batch, this.#channel);
    const sent = batch.firstLine === 1 ? 'nothing before is stored' : `lines before ${batch.firstLine} are stored`;
    if (answer.kind === 'problem' && answer.problem.status === 422) {
      for (const line of refusedLines(answer.problem, batch)) this.#io.stderr.write(`${line}\n`);
      return new CliFailure(
        1,
        `${answer.problem.title}; ${sent}, the ${batch.lines} from there on are not`,
        `mend the lines named above, then go on with --from-line ${batch.firstLine}`,
      );
    }
    if (answer.kind === 'no-answer' || isUnclear(answer))
      return new CliFailure(
        75,
        `${failure.message}; ${sent}; whether lines ${batch.firstLine} to ${batch.firstLine + batch.lines - 1} are is not known`,
        `look in the table for them, then go on with --from-line ${batch.firstLine} or ${batch.firstLine + batch.lines}`,
      );
    return new CliFailure(
      failure.exitCode,
      `${failure.message}; ${sent}`,
      `${failure.remedy}; then go on with --from-line ${batch.firstLine}`,
    );
  }
}

/** The option, or the file's own. Lines that are counted by hand have none. */
async function channelName(table: string, file: string, options: SendOptions): Promise<string | undefined> {
  if (options.channel === false) return undefined;
  if (typeof options.channel === 'string') {
    if (options.fromLine !== undefined)
      throw new CliFailure(2, '--from-line and --channel exclude each other', 'the channel knows where it ended');
    return options.channel;
  }
  return file === '-' || options.fromLine !== undefined ? undefined : channelOf(table, file);
}

/** 429 and 503 say that nothing was written; without a connection nothing could be. */
const isRetryable = (answer: Exclude<Answer, { kind: 'ok' }>): boolean =>
  answer.kind === 'unreachable' ||
  (answer.kind === 'problem' && (answer.problem.status === 429 || answer.problem.status === 503));

/** Other 5xx come from a broken service or a proxy between: they do not say what was stored. */
const isUnclear = (answer: Exclude<Answer, { kind: 'ok' }>): boolean =>
  answer.kind === 'problem' && answer.problem.status >= 500 && answer.problem.status !== 503;

function* refusedLines(problem: Problem, batch: LineBatch): Generator<string> {
  const errors = Array.isArray(problem['errors']) ? (problem['errors'] as readonly Refused[]) : [];
  for (const error of errors)
    yield `line ${batch.firstLine + error.line - 1}: ${error.pointer === '' ? '' : `${error.pointer} `}${error.code}: ${error.detail}`;
  const total = Number(problem['total_errors'] ?? errors.length);
  if (total > errors.length) yield `… and ${total - errors.length} more in this batch`;
}

interface Refused {
  readonly line: number;
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

async function waitFor(client: ApiClient, table: string, position: string): Promise<{ readonly snapshot_id?: string }> {
  const answer = (await client.expect('GET', `${tablePath(table)}/positions/${position}${WAIT}`)) as {
    readonly state: string;
    readonly snapshot_id?: string;
  };
  if (answer.state !== 'committed')
    throw new CliFailure(
      75,
      `the records are durable but not in the table after a minute (position ${position})`,
      `sluice tables; sluice checkpoint ${table}`,
    );
  return answer.snapshot_id === undefined ? {} : { snapshot_id: answer.snapshot_id };
}

function open(
  file: string,
  io: CliIo,
): { readonly stream: AsyncIterable<Uint8Array>; readonly size: number | undefined } {
  if (file === '-') return { stream: io.stdin, size: undefined };
  try {
    // Asked first: a stream that cannot open says so only later, when it is read.
    const { size } = statSync(file);
    return { stream: createReadStream(file, { highWaterMark: 1024 * 1024 }), size };
  } catch (error) {
    throw readFailure(error, file);
  }
}

const readFailure = (error: unknown, file: string): unknown =>
  typeof (error as { readonly syscall?: unknown }).syscall === 'string'
    ? new CliFailure(
        1,
        `${file} cannot be read: ${messageOf(error)}`,
        'name a file of NDJSON, or - for standard input',
        { cause: error },
      )
    : error;

function positive(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('It must be at least 1.');
  return value;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

function bytes(text: string): number {
  const value = parseSize(text);
  if (value === undefined || value < 1) throw new InvalidArgumentError('It is not a size such as 4MiB.');
  return value;
}

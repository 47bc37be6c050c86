/** `sluice dlq …`: a table's dead letters: look at them, put them into the table after all, mark them as done with, take them out. */
import { Command, InvalidArgumentError } from 'commander';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { CliFailure } from '../failure.ts';
import { grouped } from '../terminal.ts';

interface LetterJson {
  readonly id: string;
  readonly status: string;
  readonly received_at: string;
  readonly code: string;
  readonly pointer: string;
  readonly detail: string;
  readonly original?: string;
  readonly original_base64: string;
  readonly [member: string]: unknown;
}

interface ListJson {
  readonly groups: readonly {
    readonly code: string;
    readonly pointer: string;
    readonly status: string;
    readonly letters: string;
    readonly first_at: string;
    readonly last_at: string;
    readonly sample: string;
  }[];
  readonly dead_letters: readonly LetterJson[];
  readonly next?: string;
}

interface SettledJson {
  readonly replayed?: number;
  readonly discarded?: number;
  readonly batch: string;
  readonly position?: string;
  readonly kept: number;
  readonly errors: readonly {
    readonly id: string;
    readonly pointer: string;
    readonly code: string;
    readonly detail: string;
  }[];
  readonly next?: string;
  readonly interrupted?: string;
}

interface FilterOptions extends ClientOptions {
  readonly code?: string;
  readonly batch?: string;
  readonly status?: string;
  readonly limit?: string;
}

interface SettleOptions extends ClientOptions {
  readonly code?: string;
  readonly batch?: string;
  readonly id?: readonly string[];
  readonly all?: boolean;
  readonly patch?: string;
}

const EXPORT_PAGE = '1000';

export const dlqCommand = (context: CommandContext): Command =>
  new Command('dlq')
    .description('dead letters: records that did not fit their table')
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(replayCommand(context))
    .addCommand(discardCommand(context))
    .addCommand(exportCommand(context));

const withFilter = (command: Command): Command =>
  withClient(command)
    .argument('<table>', 'namespace.table, whose dead letters are meant')
    .option('--code <code>', 'only those refused with this code, e.g. type_mismatch')
    .option('--batch <batch>', 'only those of one request');

const listCommand = (context: CommandContext): Command =>
  withFilter(new Command('list'))
    .description('count by code and place, and show the first of them')
    .option('--status <status>', 'open, replayed, discarded or any', 'open')
    .option('--limit <count>', 'how many to show', '20')
    .action(async (table: string, options: FilterOptions) => {
      const answer = (await clientOf(context, options).expect('GET', lettersPath(table, options))) as ListJson;
      const terminal = terminalOf(context, options);
      if (options.output === 'json') {
        terminal.json(answer);
        return;
      }
      terminal.table(
        answer.groups,
        answer.groups,
        [
          { title: 'CODE', value: (row) => row.code },
          { title: 'POINTER', value: (row) => row.pointer },
          { title: 'STATUS', value: (row) => row.status },
          { title: 'RECORDS', value: (row) => grouped(row.letters), align: 'right' },
          { title: 'FIRST', value: (row) => row.first_at },
          { title: 'LAST', value: (row) => row.last_at },
        ],
        'no dead letters; those of the last seconds are listed after the next checkpoint',
      );
      if (answer.dead_letters.length === 0) return;
      context.io.stdout.write('\n');
      terminal.table(
        answer.dead_letters,
        answer.dead_letters,
        [
          { title: 'ID', value: (row) => row.id },
          { title: 'CODE', value: (row) => row.code },
          { title: 'POINTER', value: (row) => row.pointer },
          { title: 'ORIGINAL', value: (row) => sample(row) },
        ],
        '',
      );
      if (answer.next !== undefined) terminal.note('there are more; `sluice dlq export` takes all of them out');
    });

const showCommand = (context: CommandContext): Command =>
  withClient(new Command('show'))
    .description('show one dead letter with its original bytes')
    .argument('<table>', 'namespace.table, whose dead letter is meant')
    .argument('<id>', 'as `sluice dlq list` shows it')
    .action(async (table: string, id: string, options: ClientOptions) => {
      const path = `${tablePath(table)}/dead-letters/${encodeURIComponent(id)}`;
      const letter = (await clientOf(context, options).expect('GET', path)) as LetterJson;
      terminalOf(context, options).facts(
        letter,
        Object.entries(letter).filter(([name]) => name !== 'original_base64' || letter.original === undefined),
      );
    });

const withSelection = (command: Command): Command =>
  withFilter(command).option('--id <id...>', 'these').option('--all', 'all that are open');

const replayCommand = (context: CommandContext): Command =>
  withSelection(new Command('replay'))
    .description('put dead letters into their table; each lands once, however often this is run')
    .option('--patch <json>', 'JSON merge patch (RFC 7396) for each record, e.g. \'{"amount":null}\'', jsonObject)
    .action((table: string, options: SettleOptions) => settle(context, 'replay', table, options));

const discardCommand = (context: CommandContext): Command =>
  withSelection(new Command('discard'))
    .description('mark dead letters as done with; their rows stay in the dead-letter table')
    .action((table: string, options: SettleOptions) => settle(context, 'discard', table, options));

const exportCommand = (context: CommandContext): Command =>
  withFilter(new Command('export'))
    .description('write dead letters to standard output, one JSON document a line')
    .option('--status <status>', 'open, replayed, discarded or any', 'open')
    .option('--originals', 'only the bytes of the records, each on a line')
    .action(async (table: string, options: FilterOptions & { readonly originals?: boolean }) => {
      const client = clientOf(context, options);
      const { stdout } = context.io;
      for (let after: string | undefined; ;) {
        const path = lettersPath(table, { ...options, limit: EXPORT_PAGE }, after);
        const page = (await client.expect('GET', path)) as ListJson;
        for (const letter of page.dead_letters)
          stdout.write(`${options.originals === true ? originalOf(letter) : JSON.stringify(letter)}\n`);
        after = page.next;
        if (after === undefined) return;
      }
    });

/** Page by page until nothing is left to do. */
async function settle(
  context: CommandContext,
  kind: 'replay' | 'discard',
  table: string,
  options: SettleOptions,
): Promise<void> {
  const { id: ids, batch, code, all, patch } = options;
  if (ids === undefined && batch === undefined && code === undefined && all !== true)
    throw new CliFailure(2, 'no dead letters are named', `sluice dlq ${kind} ${table} --code type_mismatch, or --all`);
  const client = clientOf(context, options, 'operators');
  const path = `${tablePath(table)}/dead-letters/${kind}`;
  const total = { done: 0, kept: 0, errors: [] as SettledJson['errors'][number][] };
  for (let after: string | undefined; ;) {
    // As text: a patch keeps the digits it was written with.
    const selection = JSON.stringify({ ids, batch, code, ...(all === true ? { all } : {}), after });
    const body = patch === undefined ? selection : `{"patch":${patch},${selection.slice(1)}`;
    const settled = (await client.expect('POST', path, {
      bytes: Buffer.from(body),
      contentType: 'application/json',
    })) as SettledJson;
    total.done += settled.replayed ?? settled.discarded ?? 0;
    total.kept += settled.kept;
    total.errors.push(...settled.errors.slice(0, 100 - total.errors.length));
    after = settled.next;
    if (settled.interrupted !== undefined)
      throw new CliFailure(
        75,
        `interrupted after ${total.done} records: ${settled.interrupted}`,
        'run it again: what is done is not done twice',
      );
    if (after === undefined) break;
  }
  const done = kind === 'replay' ? 'replayed' : 'discarded';
  const terminal = terminalOf(context, options);
  if (options.output === 'json') terminal.json({ [done]: total.done, kept: total.kept, errors: total.errors });
  else if (total.errors.length > 0)
    terminal.table(
      total.errors,
      total.errors,
      [
        { title: 'STILL OPEN', value: (row) => row.id },
        { title: 'CODE', value: (row) => row.code },
        { title: 'POINTER', value: (row) => row.pointer },
        { title: 'DETAIL', value: (row) => row.detail },
      ],
      '',
    );
  terminal.note(`${grouped(total.done)} ${done}, ${grouped(total.kept)} still do not fit`);
}

function lettersPath(table: string, options: FilterOptions, after?: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({
    code: options.code,
    batch: options.batch,
    status: options.status,
    limit: options.limit,
    after,
  }))
    if (value !== undefined) query.set(name, value);
  return `${tablePath(table)}/dead-letters?${query.toString()}`;
}

const originalOf = (letter: LetterJson): string =>
  Buffer.from(letter.original_base64, 'base64').toString('utf8').replaceAll(/\r?\n/g, ' ');

const sample = (letter: LetterJson): string => {
  const text = letter.original ?? letter.original_base64;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

function jsonObject(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('a patch is a JSON object.');
}

/** `sluice jobs [JOB]`: what maintenance did and does, over restarts; one job with its log, followed with `--watch`; `--cancel`. */
import { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { CliFailure } from '../failure.ts';
import { toTheEnd } from '../follow-job.ts';
import { figureFacts, ranText, type JobJson } from '../job-wire.ts';
import type { Terminal } from '../terminal.ts';

interface JobsOptions extends ClientOptions {
  readonly cancel?: true;
  readonly watch?: true;
  readonly table?: string;
}

export const jobsCommand = (context: CommandContext): Command =>
  withClient(new Command('jobs'))
    .description('list maintenance jobs with what they cost and gained, newest first, or show one with its log')
    .argument('[job]', 'id of a job')
    .option('--table <table>', 'only jobs of this table')
    .option('--watch', 'follow the job to its end')
    .option('--cancel', 'ask the job to stop; what it has committed stays')
    .action(async (id: string | undefined, options: JobsOptions) => {
      const client = clientOf(context, options, 'operators');
      const terminal = terminalOf(context, options);
      if (id === undefined) {
        if (options.cancel === true || options.watch === true)
          throw new CliFailure(
            2,
            'no job is named',
            `sluice jobs JOB ${options.cancel === true ? '--cancel' : '--watch'}`,
          );
        await list(client, terminal, options.table);
        return;
      }
      const path = `/api/v1/jobs/${encodeURIComponent(id)}`;
      const found = (await client.expect(options.cancel === true ? 'DELETE' : 'GET', path)) as JobJson;
      const print = logPrinter(terminal);
      const job = options.watch === true ? await toTheEnd(context, client, found, print) : found;
      terminal.facts(job, [
        ['job', job.job],
        ['kind', job.kind],
        ['table', job.table],
        ['trigger', job.trigger],
        ['reason', job.reason],
        ['strategy', job.strategy],
        ['columns', job.columns?.join(', ')],
        ['state', job.state],
        ['error', job.error],
        ['created', job.created_at],
        ['started', job.started_at],
        ['ended', job.ended_at],
        ['ran', ranText(job)],
        ...figureFacts(job.estimate).map(([name, value]) => [`estimated ${name}`, value] as const),
        ...figureFacts(job.result ?? {}),
      ]);
      print(job);
    });

async function list(client: ApiClient, terminal: Terminal, table: string | undefined): Promise<void> {
  const query = table === undefined ? '' : `?table=${encodeURIComponent(table)}`;
  const answer = (await client.expect('GET', `/api/v1/jobs${query}`)) as { readonly jobs: readonly JobJson[] };
  terminal.table(
    answer,
    answer.jobs,
    [
      { title: 'JOB', value: (row) => row.job },
      { title: 'KIND', value: (row) => row.kind },
      { title: 'TABLE', value: (row) => row.table },
      { title: 'TRIGGER', value: (row) => row.trigger },
      { title: 'STATE', value: (row) => row.state },
      { title: 'CREATED', value: (row) => row.created_at },
      { title: 'RAN', value: ranText, align: 'right' },
      { title: 'RESULT', value: resultText },
    ],
    'no jobs yet',
  );
}

/** Each line once, however often the job is told; in JSON the log is in the document. */
function logPrinter(terminal: Terminal): (job: JobJson) => void {
  let last = '';
  return ({ log = [] }) => {
    if (terminal.format === 'json') return;
    const lines = log.map(({ at, line }) => `${at}  ${line}`);
    for (const line of lines.slice(lines.lastIndexOf(last) + 1)) terminal.note(line);
    last = lines.at(-1) ?? last;
  };
}

/** What it came to, in the figures that are not nothing. */
const resultText = ({ result, error }: JobJson): string | undefined =>
  error ??
  (result === undefined
    ? undefined
    : figureFacts(result)
        .filter(([name, value]) => name !== 'seconds' && !/^0( |$)/.test(value))
        .map(([name, value]) => `${name} ${value}`)
        .join(', '));

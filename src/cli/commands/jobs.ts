/** `sluice jobs [JOB]`: what maintenance did and does; one job with its log; `--cancel`. */
import { Command } from 'commander';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { CliFailure } from '../failure.ts';
import { figureFacts, type JobJson } from '../job-wire.ts';

export const jobsCommand = (context: CommandContext): Command =>
  withClient(new Command('jobs'))
    .description('list maintenance jobs, newest first, or show one with its log')
    .argument('[job]', 'id of a job')
    .option('--cancel', 'ask the job to stop; what it has committed stays')
    .action(async (id: string | undefined, options: ClientOptions & { readonly cancel?: true }) => {
      const client = clientOf(context, options, 'operators');
      const terminal = terminalOf(context, options);
      if (id === undefined) {
        if (options.cancel === true) throw new CliFailure(2, 'no job is named', 'sluice jobs JOB --cancel');
        const answer = (await client.expect('GET', '/api/v1/jobs')) as { readonly jobs: readonly JobJson[] };
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
            { title: 'ENDED', value: (row) => row.ended_at },
          ],
          'no jobs yet',
        );
        return;
      }
      const path = `/api/v1/jobs/${encodeURIComponent(id)}`;
      const job = (await client.expect(options.cancel === true ? 'DELETE' : 'GET', path)) as JobJson;
      terminal.facts(job, [
        ['job', job.job],
        ['kind', job.kind],
        ['table', job.table],
        ['trigger', job.trigger],
        ['state', job.state],
        ['error', job.error],
        ['created', job.created_at],
        ['started', job.started_at],
        ['ended', job.ended_at],
        ...figureFacts(job.estimate).map(([name, value]) => [`estimated ${name}`, value] as const),
        ...figureFacts(job.result ?? {}),
      ]);
      if (options.output === 'json') return;
      for (const { at, line } of job.log ?? []) terminal.note(`${at}  ${line}`);
    });

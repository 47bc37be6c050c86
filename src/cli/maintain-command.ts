/** A command that has one kind of maintenance done to a table: estimate, question, job, and its progress to the end. */
import { Command } from 'commander';
import { tablePath, type ApiClient } from './api-client.ts';
import type { ClientOptions, CommandContext } from './command-context.ts';
import { clientOf, terminalOf, withClient } from './command-context.ts';
import { confirm } from './confirm.ts';
import { CliFailure } from './failure.ts';
import { figureFacts, hasEnded, type FiguresJson, type JobJson } from './job-wire.ts';
import { barOf } from './progress-line.ts';
import { humanBytes } from './terminal.ts';

interface MaintainOptions extends ClientOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly wait: boolean;
}

export interface Maintained {
  readonly name: string;
  /** As in `…/actions/{kind}`. */
  readonly kind: string;
  readonly description: string;
  readonly question: string;
  /** Whether the estimate names any work. */
  readonly hasWork: (estimate: FiguresJson) => boolean;
}

const LOOK_MS = 250;

export const maintainCommand = (context: CommandContext, what: Maintained): Command =>
  withClient(new Command(what.name))
    .description(what.description)
    .argument('<table>', 'namespace.table')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('-y, --yes', 'do not ask')
    .option('--no-wait', 'print the job and leave it to the daemon')
    .action(async (table: string, options: MaintainOptions) => {
      const client = clientOf(context, options, 'operators');
      const terminal = terminalOf(context, options);
      const path = `${tablePath(table)}/actions/${what.kind}`;
      const answer = (await client.expect('POST', `${path}?dry_run=true`)) as { readonly estimate: FiguresJson };
      if (options.dryRun === true) {
        terminal.facts(answer, figureFacts(answer.estimate));
        return;
      }
      if (!what.hasWork(answer.estimate)) {
        if (options.output === 'json') terminal.json(answer);
        terminal.note('there is nothing to do');
        return;
      }
      if (options.yes !== true) {
        for (const [name, value] of figureFacts(answer.estimate)) terminal.note(`${name}: ${value}`);
        if (!(await confirm(context.io, what.question))) {
          terminal.note('nothing was done');
          return;
        }
      }
      const started = (await client.expect('POST', path)) as JobJson;
      const job = options.wait ? await toTheEnd(context, client, started) : started;
      terminal.facts(job, [
        ['job', job.job],
        ['state', job.state],
        ...figureFacts(job.result ?? (options.wait ? {} : job.estimate)),
      ]);
      if (job.state === 'failed' || job.state === 'cancelled')
        throw new CliFailure(
          1,
          `the job ${job.state}: ${job.error ?? 'somebody stopped it'}`,
          `sluice jobs ${job.job}`,
        );
    });

async function toTheEnd({ io }: CommandContext, client: ApiClient, started: JobJson): Promise<JobJson> {
  const onTerminal = io.stderr.isTTY === true;
  for (let job = started; ;) {
    if (onTerminal) io.stderr.write(`\r\u001b[K${progressOf(job)}`);
    if (hasEnded(job)) {
      if (onTerminal) io.stderr.write('\r\u001b[K');
      return job;
    }
    await io.clock.sleep(LOOK_MS);
    job = (await client.expect('GET', `/api/v1/jobs/${started.job}`)) as JobJson;
  }
}

const progressOf = ({ state, progress: { done, total } }: JobJson): string =>
  total === 0 ? state : `${barOf(Math.min(1, done / total))}  ${humanBytes(done)} of ${humanBytes(total)}`;

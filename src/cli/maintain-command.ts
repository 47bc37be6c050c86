/** A command that has one kind of maintenance done to a table: estimate, question, job, and its progress to the end. */
import { Command, type OptionValues } from 'commander';
import { tablePath } from './api-client.ts';
import type { ClientOptions, CommandContext } from './command-context.ts';
import { clientOf, terminalOf, withClient } from './command-context.ts';
import { confirm } from './confirm.ts';
import { CliFailure } from './failure.ts';
import { toTheEnd } from './follow-job.ts';
import { figureFacts, type FiguresJson, type JobJson } from './job-wire.ts';

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
  /** Options of its own, and the query parameters that they make. */
  readonly more?: {
    readonly options: (command: Command) => Command;
    readonly query: (options: OptionValues) => Readonly<Record<string, string>>;
  };
}

export const maintainCommand = (context: CommandContext, what: Maintained): Command =>
  withClient(what.more?.options(new Command(what.name)) ?? new Command(what.name))
    .description(what.description)
    .argument('<table>', 'namespace.table')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('-y, --yes', 'do not ask')
    .option('--no-wait', 'print the job and leave it to the daemon')
    .action(async (table: string, options: MaintainOptions) => {
      const client = clientOf(context, options, 'operators');
      const terminal = terminalOf(context, options);
      const path = `${tablePath(table)}/actions/${what.kind}`;
      const query = what.more?.query(options) ?? {};
      const dryRun = new URLSearchParams({ ...query, dry_run: 'true' }).toString();
      const answer = (await client.expect('POST', `${path}?${dryRun}`)) as { readonly estimate: FiguresJson };
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
      const started = (await client.expect(
        'POST',
        Object.keys(query).length === 0 ? path : `${path}?${new URLSearchParams(query).toString()}`,
      )) as JobJson;
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

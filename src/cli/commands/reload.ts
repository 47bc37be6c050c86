/** `sluice reload`: have the daemon read its configuration again, and show what came of each change. */
import { Command } from 'commander';
import { formatFault } from '../../config/load.ts';
import type { ConfigFault } from '../../contracts/config-port.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { CliFailure } from '../failure.ts';

interface ReloadJson {
  readonly applied: readonly string[];
  readonly needs_restart: readonly string[];
  readonly no_effect: readonly string[];
}

export const reloadCommand = (context: CommandContext): Command =>
  withClient(new Command('reload'))
    .description('have the daemon read its configuration again; exit 78 when the file is not valid')
    .action(async (options: ClientOptions) => {
      const client = clientOf(context, options, 'operators');
      const terminal = terminalOf(context, options);
      const answer = await client.request('POST', '/api/v1/actions/reload');
      if (answer.kind === 'problem' && answer.problem.status === 422) {
        const faults = (answer.problem['faults'] ?? []) as readonly ConfigFault[];
        if (options.output === 'json') terminal.json(answer.problem);
        else for (const fault of faults) context.io.stdout.write(`${formatFault(fault)}\n`);
        throw new CliFailure(78, answer.problem.detail, 'mend the lines named above');
      }
      if (answer.kind !== 'ok') throw client.failureOf(answer);
      const report = answer.body as ReloadJson;
      const rows = [
        ...report.applied.map((change) => ({ change, result: 'applied' })),
        ...report.needs_restart.map((change) => ({ change, result: 'needs a restart' })),
        ...report.no_effect.map((change) => ({ change, result: 'no effect' })),
      ];
      terminal.table(
        report,
        rows,
        [
          { title: 'RESULT', value: ({ result }) => result },
          { title: 'CHANGE', value: ({ change }) => change },
        ],
        'nothing had changed',
      );
    });

/** `sluice rollback TABLE --to SNAPSHOT`: set a table back, after saying what goes. */
import { Command } from 'commander';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { confirm } from '../confirm.ts';
import { grouped } from '../terminal.ts';

interface RollbackJson {
  readonly from: string;
  readonly to: string;
  readonly snapshots: number;
  readonly rows?: number;
}

interface RollbackOptions extends ClientOptions {
  readonly to: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

export const rollbackCommand = (context: CommandContext): Command =>
  withClient(new Command('rollback'))
    .description('set a table back to an earlier snapshot; what came after it is not written again')
    .argument('<table>', 'namespace.table')
    .requiredOption('--to <snapshot>', 'id of a snapshot of its main branch, as `sluice snapshots` lists them')
    .option('--dry-run', 'say what would go, and do nothing')
    .option('-y, --yes', 'do not ask')
    .action(async (table: string, options: RollbackOptions) => {
      const client = clientOf(context, options, 'operators');
      const terminal = terminalOf(context, options);
      const path = `${tablePath(table)}/actions/rollback?to=${encodeURIComponent(options.to)}`;
      const facts = ({ from, to, snapshots, rows }: RollbackJson) =>
        [
          ['from', from],
          ['to', to],
          ['snapshots', grouped(snapshots)],
          ['rows', rows === undefined ? undefined : grouped(rows)],
        ] as const;
      const planned = (await client.expect('POST', `${path}&dry_run=true`)) as RollbackJson;
      if (options.dryRun === true) {
        terminal.facts(planned, facts(planned));
        return;
      }
      if (planned.snapshots === 0) {
        if (options.output === 'json') terminal.json(planned);
        terminal.note('the table is at that snapshot already');
        return;
      }
      if (options.yes !== true) {
        for (const [name, value] of facts(planned)) if (value !== undefined) terminal.note(`${name}: ${value}`);
        terminal.note('progress does not move: rows of these snapshots, and any committed until then, stay gone');
        if (!(await confirm(context.io, 'Set the table back?'))) {
          terminal.note('nothing was done');
          return;
        }
      }
      const done = (await client.expect('POST', path)) as RollbackJson;
      terminal.facts(done, facts(done));
    });

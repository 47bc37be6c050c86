/** `sluice tables`: every table of the daemon and how it does. */
import { Command } from 'commander';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { healthText } from '../health-text.ts';
import { grouped } from '../terminal.ts';

export interface TableStatusJson {
  readonly table: string;
  readonly state: string;
  readonly reason?: string;
  readonly try?: string;
  readonly lag_records: string;
  readonly lag_bytes: string;
  readonly freshness_seconds: number;
  readonly health_score?: number;
  readonly health_worst?: string;
  readonly last_commit?: { readonly snapshot_id: string; readonly committed_at: string };
}

export const tablesCommand = (context: CommandContext): Command =>
  withClient(new Command('tables'))
    .description('list the tables with their state, lag, health (100 is best; with what costs most) and last commit')
    .action(async (options: ClientOptions) => {
      const answer = (await clientOf(context, options).expect('GET', '/api/v1/tables')) as {
        readonly tables: readonly TableStatusJson[];
      };
      const terminal = terminalOf(context, options);
      terminal.table(
        answer.tables,
        answer.tables,
        [
          { title: 'TABLE', value: (row) => row.table },
          { title: 'STATE', value: (row) => row.state },
          { title: 'LAG', value: (row) => grouped(row.lag_records), align: 'right' },
          { title: 'FRESHNESS', value: (row) => `${row.freshness_seconds.toFixed(1)}s`, align: 'right' },
          { title: 'HEALTH', value: healthText, align: 'right' },
          { title: 'LAST COMMIT', value: (row) => row.last_commit?.committed_at },
          { title: 'SNAPSHOT', value: (row) => row.last_commit?.snapshot_id },
        ],
        'no tables yet; POST /api/v1/tables creates one',
      );
      for (const { table, reason, try: remedy } of answer.tables)
        if (reason !== undefined) terminal.note(`${table}: ${reason}${remedy === undefined ? '' : `; try: ${remedy}`}`);
    });

/** `sluice snapshots TABLE`: the history of its main branch. */
import { Command } from 'commander';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { grouped } from '../terminal.ts';

interface SnapshotJson {
  readonly snapshot_id: string;
  readonly sequence_number: string;
  readonly committed_at: string;
  readonly operation: string;
  readonly summary: Readonly<Record<string, string>>;
}

export const snapshotsCommand = (context: CommandContext): Command =>
  withClient(new Command('snapshots'))
    .description('list the snapshots of a table, oldest first')
    .argument('<table>', 'namespace.table')
    .action(async (table: string, options: ClientOptions) => {
      const { snapshots } = (await clientOf(context, options).expect('GET', `${tablePath(table)}/snapshots`)) as {
        readonly snapshots: readonly SnapshotJson[];
      };
      terminalOf(context, options).table(
        snapshots,
        snapshots,
        [
          { title: 'SNAPSHOT', value: (row) => row.snapshot_id, align: 'right' },
          { title: 'SEQUENCE', value: (row) => row.sequence_number, align: 'right' },
          { title: 'COMMITTED', value: (row) => row.committed_at },
          { title: 'OPERATION', value: (row) => row.operation },
          { title: 'ADDED', value: (row) => grouped(row.summary['added-records'] ?? '0'), align: 'right' },
          { title: 'FILES', value: (row) => row.summary['added-data-files'] ?? '0', align: 'right' },
          { title: 'TOTAL', value: (row) => grouped(row.summary['total-records'] ?? ''), align: 'right' },
        ],
        'no snapshots yet',
      );
    });

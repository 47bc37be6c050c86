/** `sluice checkpoint [TABLE]`: cut now, and show what the commits came to. */
import { Command } from 'commander';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { CliFailure } from '../failure.ts';
import { grouped, humanBytes } from '../terminal.ts';

interface CheckpointJson {
  readonly table: string;
  readonly epoch: string;
  readonly result: string;
  readonly snapshot_id?: string;
  readonly records: string;
  readonly files: number;
  readonly bytes: string;
  readonly phases: { readonly write: number; readonly upload: number; readonly commit: number };
  readonly error?: string;
}

export const checkpointCommand = (context: CommandContext): Command =>
  withClient(new Command('checkpoint'))
    .description('commit what was acknowledged now, of one table or of all')
    .argument('[table]', 'namespace.table')
    .action(async (table: string | undefined, options: ClientOptions) => {
      const path = table === undefined ? '/api/v1/actions/flush' : `${tablePath(table)}/actions/flush`;
      const { checkpoints } = (await clientOf(context, options, 'operators').expect('POST', path)) as {
        readonly checkpoints: readonly CheckpointJson[];
      };
      terminalOf(context, options).table(
        checkpoints,
        checkpoints,
        [
          { title: 'TABLE', value: (row) => row.table },
          { title: 'EPOCH', value: (row) => row.epoch, align: 'right' },
          { title: 'RESULT', value: (row) => row.result },
          { title: 'RECORDS', value: (row) => grouped(row.records), align: 'right' },
          { title: 'FILES', value: (row) => row.files, align: 'right' },
          { title: 'SIZE', value: (row) => humanBytes(row.bytes), align: 'right' },
          {
            title: 'SECONDS',
            value: ({ phases }) => (phases.write + phases.upload + phases.commit).toFixed(2),
            align: 'right',
          },
          { title: 'SNAPSHOT', value: (row) => row.snapshot_id },
        ],
        'nothing was waiting',
      );
      const failed = checkpoints.find((row) => row.result !== 'committed');
      if (failed !== undefined)
        throw new CliFailure(
          75,
          `the checkpoint of ${failed.table} failed: ${failed.error ?? 'no reason was given'}`,
          'run it again in a moment; the records stay in the log',
        );
    });

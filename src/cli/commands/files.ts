/** `sluice files TABLE`: the live data files of its current snapshot. */
import { Command } from 'commander';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { grouped, humanBytes } from '../terminal.ts';

interface FileJson {
  readonly file_path: string;
  readonly record_count: string;
  readonly file_size_in_bytes: string;
  readonly partition: readonly (string | null)[];
}

export const filesCommand = (context: CommandContext): Command =>
  withClient(new Command('files'))
    .description('list the live data files of a table')
    .argument('<table>', 'namespace.table')
    .action(async (table: string, options: ClientOptions) => {
      const { files } = (await clientOf(context, options).expect('GET', `${tablePath(table)}/files`)) as {
        readonly files: readonly FileJson[];
      };
      terminalOf(context, options).table(
        files,
        files,
        [
          { title: 'RECORDS', value: (row) => grouped(row.record_count), align: 'right' },
          { title: 'SIZE', value: (row) => humanBytes(row.file_size_in_bytes), align: 'right' },
          { title: 'PARTITION', value: (row) => row.partition.map((value) => value ?? 'null').join(' / ') },
          { title: 'FILE', value: (row) => row.file_path },
        ],
        'no data files yet',
      );
    });

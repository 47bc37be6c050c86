/** `sluice compact TABLE`: merge small files now, or arrange all rows. */
import { Option, type Command, type OptionValues } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { maintainCommand } from '../maintain-command.ts';

export const compactCommand = (context: CommandContext): Command =>
  maintainCommand(context, {
    name: 'compact',
    kind: 'compact',
    description: 'merge small files of a table, split large ones and apply deletes; or arrange all of its rows',
    question: 'Rewrite these files?',
    hasWork: ({ groups, delete_files_removed: deletes }) => Number(groups) > 0 || Number(deletes) > 0,
    more: { options: withArrangement, query: arrangementQuery },
  });

const withArrangement = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--sort [columns...]',
        "write every file anew, sorted by COLUMN[:asc|desc[:nulls-first|nulls-last]] …, or else by the table's own order",
      ).conflicts('zorder'),
    )
    .option('--zorder <columns>', 'write every file anew, rows along a Z-curve through these columns (a,b)');

/** As in the query of `actions/compact`. */
function arrangementQuery({ sort, zorder }: OptionValues): Readonly<Record<string, string>> {
  if (typeof zorder === 'string') return { strategy: 'z-order', columns: zorder };
  if (sort === undefined) return {};
  return Array.isArray(sort) ? { strategy: 'sort', columns: sort.join(',') } : { strategy: 'sort' };
}

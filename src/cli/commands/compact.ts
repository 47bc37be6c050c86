/** `sluice compact TABLE`: merge small files now. */
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { maintainCommand } from '../maintain-command.ts';

export const compactCommand = (context: CommandContext): Command =>
  maintainCommand(context, {
    name: 'compact',
    kind: 'compact',
    description: 'merge small files of a table, split large ones and apply deletes',
    question: 'Rewrite these files?',
    hasWork: ({ groups }) => Number(groups) > 0,
  });

/** `sluice orphans TABLE`: list files that nothing reaches, and delete those that were listed long enough ago. */
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { maintainCommand } from '../maintain-command.ts';

export const orphansCommand = (context: CommandContext): Command =>
  maintainCommand(context, {
    name: 'orphans',
    kind: 'remove-orphans',
    description: 'list files of a table that nothing reaches, and delete those listed long enough ago',
    question: 'List these orphans, and delete those that an earlier run listed long enough ago?',
    hasWork: ({ orphans }) => Number(orphans) > 0,
  });

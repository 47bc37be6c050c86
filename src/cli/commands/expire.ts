/** `sluice expire TABLE`: forget old snapshots now. */
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { maintainCommand } from '../maintain-command.ts';

export const expireCommand = (context: CommandContext): Command =>
  maintainCommand(context, {
    name: 'expire',
    kind: 'expire-snapshots',
    description: 'forget old snapshots of a table and delete the files that only they need',
    question: 'Forget these snapshots? They cannot be brought back.',
    hasWork: ({ snapshots, refs }) => Number(snapshots) + Number(refs) > 0,
  });

/** `sluice manifests TABLE`: cluster manifests by partition now. */
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { maintainCommand } from '../maintain-command.ts';

export const manifestsCommand = (context: CommandContext): Command =>
  maintainCommand(context, {
    name: 'manifests',
    kind: 'rewrite-manifests',
    description: 'write the manifests of a table anew, clustered by partition',
    question: 'Rewrite these manifests?',
    hasWork: ({ groups }) => Number(groups) > 0,
  });

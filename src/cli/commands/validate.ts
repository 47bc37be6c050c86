/** `sluice validate`: the file, then by canary reads and writes the world it names. */
import { Command } from 'commander';
import { parseSettings, formatFault } from '../../config/load.ts';
import { messageOf } from '../../core/errors.ts';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { terminalOf, withConfig } from '../command-context.ts';
import type { Finding } from '../deps.ts';
import { CliFailure } from '../failure.ts';

interface ValidateOptions extends ConfigOptions {
  readonly environment: boolean;
  readonly denyWarnings?: true;
}

export const validateCommand = (context: CommandContext): Command =>
  withConfig(new Command('validate'))
    .description(
      'check the configuration, and by canary writes the stores and the catalog it names; exit 78 when something is wrong',
    )
    .option('--no-environment', 'check the file only')
    .option('--deny-warnings', 'warnings are failures too')
    .action(async (options: ValidateOptions) => {
      const { io, deps } = context;
      const terminal = terminalOf(context, options);
      const file = options.config;
      const loaded = parseSettings(file === undefined ? '' : readConfig(context, file), file ?? 'defaults', {
        env: io.env,
        readFile: (path) => io.readFile(path),
        directory: io.directory,
      });
      if (loaded.kind === 'invalid') {
        if (options.output === 'json') terminal.json({ valid: false, faults: loaded.faults, findings: [] });
        else for (const fault of loaded.faults) io.stdout.write(`${formatFault(fault)}\n`);
        const count = loaded.faults.length;
        throw new CliFailure(
          78,
          `${count} ${count === 1 ? 'fault' : 'faults'} in ${file ?? 'the defaults'}`,
          'mend the lines named above',
        );
      }
      const findings: readonly Finding[] = options.environment ? await deps.checkEnvironment(loaded.settings) : [];
      const errors = findings.filter(
        ({ level }) => level === 'error' || (level === 'warning' && options.denyWarnings === true),
      );
      terminal.table(
        { valid: errors.length === 0, faults: [], findings },
        findings,
        [
          { title: 'RESULT', value: ({ level }) => level },
          { title: 'CHECK', value: ({ check }) => check },
          { title: 'DETAIL', value: ({ message }) => message },
        ],
        `${file ?? 'the built-in configuration'} is valid; the environment was not checked`,
      );
      for (const { check, level, remedy } of findings)
        if (level !== 'ok' && remedy !== undefined) terminal.note(`${check}: try: ${remedy}`);
      if (errors.length > 0)
        throw new CliFailure(
          78,
          `${errors.length} of ${findings.length} checks failed`,
          errors[0]?.remedy ?? 'mend what the checks name',
        );
    });

function readConfig({ io }: CommandContext, file: string): string {
  try {
    return io.readFile(file);
  } catch (error) {
    throw new CliFailure(
      78,
      `configuration file ${file} cannot be read: ${messageOf(error)}`,
      'name an existing file with -c',
      { cause: error },
    );
  }
}

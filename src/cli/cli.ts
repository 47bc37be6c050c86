/** The `sluice` command: its commands, and one way for every failure to reach the shell. Owns no behaviour of a command. */
import { Command, CommanderError } from 'commander';
import { styleText } from 'node:util';
import { checkpointCommand } from './commands/checkpoint.ts';
import { compactCommand } from './commands/compact.ts';
import { describeCommand } from './commands/describe.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { dlqCommand } from './commands/dlq.ts';
import { expireCommand } from './commands/expire.ts';
import { filesCommand } from './commands/files.ts';
import { healthCommand } from './commands/health.ts';
import { jobsCommand } from './commands/jobs.ts';
import { keysCommand } from './commands/keys.ts';
import { logCommand } from './commands/log.ts';
import { manifestsCommand } from './commands/manifests.ts';
import { orphansCommand } from './commands/orphans.ts';
import { previewCommand } from './commands/preview.ts';
import { queryCommand } from './commands/query.ts';
import { reloadCommand } from './commands/reload.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { runCommand } from './commands/run.ts';
import { sendCommand } from './commands/send.ts';
import { snapshotsCommand } from './commands/snapshots.ts';
import { supportBundleCommand } from './commands/support-bundle.ts';
import { tablesCommand } from './commands/tables.ts';
import { topCommand } from './commands/top.ts';
import { validateCommand } from './commands/validate.ts';
import type { CommandContext } from './command-context.ts';
import type { CliDeps, CliIo } from './deps.ts';
import { CliFailure, toFailure } from './failure.ts';
import { coloured } from './terminal.ts';

/** Runs one command line (without program and script); answers the exit code and never rejects. */
export async function runCli(args: readonly string[], deps: CliDeps, io: CliIo): Promise<number> {
  const context: CommandContext = { deps, io, exitCode: 0 };
  const program = programOf(context);
  withEnvironment(program, io.env);
  try {
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = error instanceof CommanderError ? usage(error, program, args) : toFailure(error);
    const label = coloured(io, io.stderr) ? styleText('red', 'error:', { validateStream: false }) : 'error:';
    io.stderr.write(`${label} ${failure.message}\ntry: ${failure.remedy}\n`);
    return failure.exitCode;
  }
}

/** Every command there is; nothing runs yet. */
export function programOf(context: CommandContext): Command {
  const { deps, io } = context;
  const program = new Command('sluice')
    .description('Streams in, lakehouse tables out.')
    .version(deps.version, '-V, --version', 'print the version')
    .helpCommand(true)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => undefined,
      getOutHasColors: () => coloured(io, io.stdout),
      getErrHasColors: () => coloured(io, io.stderr),
    });
  for (const command of [
    runCommand,
    devCommand,
    validateCommand,
    sendCommand,
    tablesCommand,
    describeCommand,
    snapshotsCommand,
    filesCommand,
    queryCommand,
    previewCommand,
    checkpointCommand,
    dlqCommand,
    reloadCommand,
    compactCommand,
    expireCommand,
    manifestsCommand,
    orphansCommand,
    rollbackCommand,
    jobsCommand,
    logCommand,
    keysCommand,
    doctorCommand,
    healthCommand,
    topCommand,
    supportBundleCommand,
  ])
    program.addCommand(inheriting(command(context), program));
  return program;
}

/** Commands below a command too: else they would end the process by themselves. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const below of command.commands) inheriting(below, command);
  return command;
}

function usage(error: CommanderError, program: Command, args: readonly string[]): CliFailure {
  const named = program.commands.find((command) => command.name() === args[0]);
  const help = named === undefined ? 'sluice --help' : `sluice ${named.name()} --help`;
  if (error.code === 'commander.help') return new CliFailure(2, 'no command is given', help);
  return new CliFailure(2, error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' '), help);
}

/** Options that may come from the environment read the one that was given, not the ambient one. */
function withEnvironment(program: Command, env: CliIo['env']): void {
  const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(program))
    command.hook('preAction', () => {
      for (const option of command.options) {
        const name = option.attributeName();
        const value = option.envVar === undefined ? undefined : env[option.envVar];
        const source = command.getOptionValueSource(name);
        if (option.envVar !== undefined && (source === undefined || source === 'env'))
          command.setOptionValueWithSource(name, value === '' ? undefined : value, 'env');
      }
    });
}

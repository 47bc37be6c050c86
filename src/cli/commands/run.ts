/** `sluice run`: the daemon in the foreground, from its configuration to its exit code. */
import { Command } from 'commander';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { rereadOf, settingsOf, terminalOf, withConfig } from '../command-context.ts';
import type { RunningService } from '../deps.ts';
import { CliFailure } from '../failure.ts';
import { serve } from '../serve.ts';

interface RunOptions extends ConfigOptions {
  readonly skip?: true;
  readonly watch?: true;
}

export const runCommand = (context: CommandContext): Command =>
  withConfig(new Command('run'))
    .description(
      'run the daemon until SIGTERM or SIGINT; a second signal ends it at once; SIGHUP reads the configuration again',
    )
    .option('--watch', 'read the configuration again whenever its file changes')
    .option('--skip', 'go on without damaged bytes of the log; they are kept in the data directory under skipped/')
    .action(async (options: RunOptions) => {
      const { config } = options;
      if (options.watch === true && config === undefined)
        throw new CliFailure(2, '--watch needs a configuration file to watch', 'sluice run --watch -c sluice.yaml');
      const settings = settingsOf(context, options);
      const terminal = terminalOf(context, options);
      const announce = ({ url, adminUrl }: RunningService): Promise<void> => {
        if (options.output === 'json')
          terminal.json({ url, ...(adminUrl === undefined ? {} : { admin_url: adminUrl }) });
        else
          context.io.stdout.write(
            `listening on ${url}${adminUrl === undefined ? '' : `, for operators on ${adminUrl}`}\n`,
          );
        return Promise.resolve();
      };
      await serve(context, settings, announce, {
        skipDamagedLog: options.skip === true,
        reloadOnHangup: true,
        ...(config === undefined ? {} : { reread: rereadOf(context, config) }),
        ...(config === undefined || options.watch !== true ? {} : { watch: config }),
      });
    });

/** `sluice run`: the daemon in the foreground, from its configuration to its exit code. */
import { Command } from 'commander';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { settingsOf, terminalOf, withConfig } from '../command-context.ts';
import type { RunningService } from '../deps.ts';
import { serve } from '../serve.ts';

export const runCommand = (context: CommandContext): Command =>
  withConfig(new Command('run'))
    .description('run the daemon until SIGTERM or SIGINT; a second signal ends it at once')
    .option('--skip', 'go on without damaged bytes of the log; they are kept in the data directory under skipped/')
    .action(async (options: ConfigOptions & { readonly skip?: true }) => {
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
      await serve(context, settings, announce, { skipDamagedLog: options.skip === true });
    });

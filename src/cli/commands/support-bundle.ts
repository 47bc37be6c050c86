/** `sluice support-bundle`: one archive with what somebody needs who is to help, without data and without secrets. */
import { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { messageOf } from '../../core/errors.ts';
import type { CommandContext } from '../command-context.ts';
import { withClientOnly } from '../command-context.ts';
import { CliFailure } from '../failure.ts';
import { supportFiles, type SupportOptions } from '../support-files.ts';
import { tar } from '../tar.ts';
import { humanBytes } from '../terminal.ts';

interface BundleOptions extends SupportOptions {
  readonly output?: string;
}

export const supportBundleCommand = (context: CommandContext): Command =>
  withClientOnly(new Command('support-bundle'))
    .description(
      'write an archive for whoever is to help: configuration without secrets, metrics, diagnosis, tables, checkpoints, log and machine; never records',
    )
    .option('-o, --output <file>', 'where to write it; default: sluice-support-<time>.tar.gz here')
    .option('--log-file <file>', 'take the end of this file, where the output of the daemon goes, with it')
    .action(async (options: BundleOptions) => {
      const { io } = context;
      const now = io.clock.now();
      const name = `sluice-support-${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
      const path = resolve(io.directory, options.output ?? `${name}.tar.gz`);
      const files = await supportFiles(context, options);
      const bytes = gzipSync(
        tar(
          files.map((file) => ({ ...file, name: `${name}/${file.name}` })),
          now,
        ),
      );
      try {
        // Nobody else on the machine is to read it, and no earlier one is overwritten.
        await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        throw new CliFailure(1, `${path} cannot be written: ${messageOf(error)}`, 'name another with --output', {
          cause: error,
        });
      }
      io.stdout.write(`${path}\n`);
      io.stderr.write(`${files.length} files, ${humanBytes(bytes.length)}; look through it before you send it\n`);
    });

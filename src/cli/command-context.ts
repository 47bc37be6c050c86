/** What every command shares: the options of all, and how they become settings, a terminal and a client of the daemon. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { ApiClient } from './api-client.ts';
import type { CliDeps, CliIo } from './deps.ts';
import { CliFailure } from './failure.ts';
import type { OutputFormat } from './terminal.ts';
import { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly deps: CliDeps;
  readonly io: CliIo;
  /** Set by commands that end well with another code than 0. */
  exitCode: 0 | 78;
}

export interface OutputOptions {
  readonly output: OutputFormat;
}

export interface ConfigOptions extends OutputOptions {
  readonly config?: string;
}

export interface ClientOptions extends ConfigOptions {
  readonly url?: string;
}

export const withOutput = (command: Command): Command =>
  command.addOption(
    new Option('-o, --output <format>', 'how data is printed').choices(['table', 'json']).default('table'),
  );

/** Commands that need the configuration: `-c`, else `SLUICE_CONFIG`, else the built-in local setup. */
export const withConfig = (command: Command): Command =>
  withOutput(command).addOption(new Option('-c, --config <file>', 'configuration file').env('SLUICE_CONFIG'));

/** Commands that talk to a running daemon: `--url`, else `SLUICE_URL`, else where the configuration listens. */
export const withClient = (command: Command): Command =>
  withConfig(command).addOption(new Option('--url <url>', 'address of the daemon').env('SLUICE_URL'));

export const terminalOf = ({ io }: CommandContext, options: OutputOptions): Terminal =>
  new Terminal(io, options.output);

export const settingsOf = ({ io }: CommandContext, options: ConfigOptions): Settings =>
  loadSettings(options.config, { env: io.env, readFile: (path) => io.readFile(path), directory: io.directory });

export function clientOf(context: CommandContext, options: ClientOptions): ApiClient {
  const url = options.url ?? localUrl(settingsOf(context, options));
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new CliFailure(2, `"${url}" is not the URL of a daemon`, '--url http://127.0.0.1:8080');
  return new ApiClient(url.replace(/\/+$/, ''), context.io);
}

/** A daemon that listens on every address is reached on the loopback one. */
function localUrl({ server }: Settings): string {
  const host = server.host === '0.0.0.0' ? '127.0.0.1' : server.host === '::' ? '::1' : server.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${server.port === 0 ? 8080 : server.port}`;
}

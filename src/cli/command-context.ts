/** What every command shares: the options of all, and how they become settings, a terminal and a client of the daemon. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { loadSettings, readSettings, type LoadSources, type LoadedConfig } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { messageOf } from '../core/errors.ts';
import { ApiClient, type Credentials } from './api-client.ts';
import type { CliDeps, CliIo } from './deps.ts';
import { CliFailure } from './failure.ts';
import type { OutputFormat } from './terminal.ts';
import { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly deps: CliDeps;
  readonly io: CliIo;
  /** Set by commands that end well with another code than 0. */
  exitCode: 0 | 1 | 78;
}

export interface OutputOptions {
  readonly output: OutputFormat;
}

export interface ConfigOptions extends OutputOptions {
  readonly config?: string;
}

export interface ClientOptions extends ConfigOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export const withOutput = (command: Command): Command =>
  command.addOption(
    new Option('-o, --output <format>', 'how data is printed').choices(['table', 'json']).default('table'),
  );

/** Commands that need the configuration: `-c`, else `SLUICE_CONFIG`, else the built-in local setup. */
export const withConfig = (command: Command): Command => withOutput(command).addOption(configOption());

/** Commands that talk to a running daemon: `--url`, else `SLUICE_URL`, else where the configuration listens. */
export const withClient = (command: Command): Command => clientOptions().reduce(added, withConfig(command));

/** Commands that talk to a daemon and write a file instead of printing data. */
export const withClientOnly = (command: Command): Command =>
  [configOption(), ...clientOptions()].reduce(added, command);

const added = (command: Command, option: Option): Command => command.addOption(option);

const configOption = (): Option => new Option('-c, --config <file>', 'configuration file').env('SLUICE_CONFIG');

const clientOptions = (): readonly Option[] => [
  new Option('--url <url>', 'address of the daemon').env('SLUICE_URL'),
  new Option('--api-key <key>', 'better in the environment: a command line is seen by others').env('SLUICE_API_KEY'),
  new Option('--ca <file>', 'authorities that signed the certificate of the daemon (PEM)').env('SLUICE_CA'),
  new Option('--cert <file>', 'your certificate, when the daemon knows you by it (PEM)').env('SLUICE_CLIENT_CERT'),
  new Option('--key <file>', 'its private key (PEM)').env('SLUICE_CLIENT_KEY'),
];

export const terminalOf = ({ io }: CommandContext, options: OutputOptions): Terminal =>
  new Terminal(io, options.output);

export const settingsOf = ({ io }: CommandContext, options: Pick<ConfigOptions, 'config'>): Settings =>
  loadSettings(options.config, sourcesOf(io));

/** Reads the file anew at each call. */
export const rereadOf =
  ({ io }: CommandContext, file: string) =>
  (): LoadedConfig =>
    readSettings(file, sourcesOf(io));

const sourcesOf = (io: CliIo): LoadSources => ({
  env: io.env,
  readFile: (path) => io.readFile(path),
  directory: io.directory,
});

/** `routes`: whom the command's routes are for; with `server.admin` in the configuration, operators' have an address of their own. */
export function clientOf(
  context: CommandContext,
  options: Omit<ClientOptions, 'output'>,
  routes: 'everybody' | 'operators' = 'everybody',
): ApiClient {
  const url = options.url ?? localUrl(settingsOf(context, options), routes);
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new CliFailure(2, `"${url}" is not the URL of a daemon`, '--url http://127.0.0.1:8080');
  return new ApiClient(url.replace(/\/+$/, ''), context.io, credentialsOf(context, options));
}

function credentialsOf({ io }: CommandContext, { apiKey, ca, cert, key }: Omit<ClientOptions, 'output'>): Credentials {
  const read = (option: string, path: string): string => {
    try {
      return io.readFile(path);
    } catch (error) {
      throw new CliFailure(2, `${path} cannot be read: ${messageOf(error)}`, `name a PEM file with ${option}`, {
        cause: error,
      });
    }
  };
  if ((cert === undefined) !== (key === undefined))
    throw new CliFailure(2, 'a certificate and its key come together', 'give both --cert and --key');
  return {
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(ca === undefined ? {} : { ca: read('--ca', ca) }),
    ...(cert === undefined ? {} : { cert: read('--cert', cert) }),
    ...(key === undefined ? {} : { key: read('--key', key) }),
  };
}

/** A daemon that listens on every address is reached on the loopback one. */
function localUrl({ server }: Settings, routes: 'everybody' | 'operators'): string {
  const { host: named, port } = (routes === 'operators' ? server.admin : undefined) ?? server;
  const host = named === '0.0.0.0' ? '127.0.0.1' : named === '::' ? '::1' : named;
  const scheme = server.tls === undefined ? 'http' : 'https';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port === 0 ? 8080 : port}`;
}

/** The `sluice` process: gives the command line its environment and the service. Owns nothing else. */
import { readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { runCli } from './cli/cli.ts';
import type { CliDeps, CliIo } from './cli/deps.ts';
import { systemRuntime } from './core/runtime.ts';
import { checkEnvironment } from './service/environment.ts';
import { openQuerySource } from './service/query-source.ts';
import { startService, version } from './service/service.ts';
import { readStandings } from './service/standings.ts';

/** Exit code of a process that an exception which nobody expected ended. */
const UNEXPECTED = 1;

const deps: CliDeps = {
  version,
  startService: (settings, options) => startService(settings, systemRuntime, options),
  checkEnvironment: (settings) => checkEnvironment(settings, systemRuntime),
  readStandings: (settings) => readStandings(settings, systemRuntime),
  openQuerySource: (settings) => openQuerySource(settings, systemRuntime),
};

const io: CliIo = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  directory: process.cwd(),
  clock: systemRuntime.clock,
  random: systemRuntime.random,
  readFile: (path) => readFileSync(path, 'utf8'),
  onFolderChange: (path, handler) => {
    const watcher = watch(dirname(path), { persistent: false }, handler);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  },
  onSignal: (signals, handler) => {
    for (const signal of signals) process.on(signal, handler);
    return () => {
      for (const signal of signals) process.off(signal, handler);
    };
  },
  kill: (exitCode) => process.exit(exitCode),
};

process.on('uncaughtException', (error) => {
  io.stderr.write(`error: an unexpected exception ended the process: ${error.stack ?? error.message}\n`);
  io.stderr.write(
    'try: start it again, nothing acknowledged is lost; report this with the output of `sluice --version`\n',
  );
  io.kill(UNEXPECTED);
});

process.exitCode = await runCli(process.argv.slice(2), deps, io);

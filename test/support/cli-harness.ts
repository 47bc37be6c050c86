/** Runs the command line with captured streams, a given environment and a service that is none. */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Settings } from '../../src/config/settings.ts';
import { runCli } from '../../src/cli/cli.ts';
import type { CliDeps, CliIo, Finding, RunningService, StartOptions } from '../../src/cli/deps.ts';
import type { QuerySource } from '../../src/contracts/query.ts';
import { systemRuntime } from '../../src/core/runtime.ts';

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSetup {
  readonly stdin?: string;
  readonly tty?: boolean;
  readonly env?: Record<string, string>;
  readonly files?: Readonly<Record<string, string>>;
  readonly findings?: readonly Finding[];
  readonly query?: QuerySource;
  readonly standings?: Awaited<ReturnType<CliDeps['readStandings']>>;
  readonly start?: (settings: Settings, options: StartOptions) => Promise<RunningService>;
  /** Gets the function that sends a signal to the running command. */
  readonly signals?: (send: (signal: string) => void) => void;
  /** Gets the function that says that a folder changed. */
  readonly folder?: (changed: () => void) => void;
  readonly killed?: (code: number) => void;
  /** Waits of the command take no time. */
  readonly hurry?: boolean;
}

export async function cli(args: readonly string[], setup: CliSetup = {}): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const stream = (into: string[]) => ({
    write: (text: string) => into.push(text),
    isTTY: setup.tty === true,
    columns: 80,
  });
  const handlers = new Map<string, (signal: string) => void>();
  const io: CliIo = {
    stdin: Readable.from(setup.stdin === undefined ? [] : [Buffer.from(setup.stdin)]),
    stdout: stream(out),
    stderr: stream(err),
    env: setup.env ?? {},
    directory: '/srv',
    clock: setup.hurry === true ? { ...systemRuntime.clock, sleep: () => Promise.resolve() } : systemRuntime.clock,
    random: systemRuntime.random,
    readFile: (path) => setup.files?.[path] ?? readFileSync(path, 'utf8'),
    onFolderChange: (_path, handler) => {
      setup.folder?.(handler);
      return () => undefined;
    },
    onSignal: (signals, handler) => {
      for (const signal of signals) handlers.set(signal, handler);
      setup.signals?.((signal) => handlers.get(signal)?.(signal));
      return () => undefined;
    },
    kill: (code) => setup.killed?.(code),
  };
  const deps: CliDeps = {
    version: '1.2.3',
    startService: setup.start ?? (() => Promise.reject(new Error('no service in this test'))),
    checkEnvironment: () => Promise.resolve(setup.findings ?? []),
    readStandings: () => Promise.resolve(setup.standings),
    openQuerySource: () =>
      setup.query === undefined ? Promise.reject(new Error('no catalog in this test')) : Promise.resolve(setup.query),
  };
  const code = await runCli(args, deps, io);
  return { code, stdout: out.join(''), stderr: err.join('') };
}

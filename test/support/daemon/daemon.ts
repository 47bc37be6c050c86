/**
 * The real daemon as a child process: started, found ready, killed at will. Owns one process and its configuration file.
 * With `faults` the process runs under strace, which kills or fails it at a chosen system call: fault points without hooks in the product.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

const DEFAULT_YAML = 'server: { listen: "127.0.0.1:0", drain_delay: 0s }\n';

export interface DaemonSetup {
  readonly directory: string;
  /** YAML after `data_dir`, which is set here. Give `server.listen` as `127.0.0.1:0`. */
  readonly yaml?: string;
  /** Further arguments of `sluice run`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Hears everything that it writes to standard error, in pieces of any length. */
  readonly onLog?: (text: string) => void;
}

/** strace's own words, e.g. `fdatasync:signal=KILL:when=3` or `fdatasync:error=EIO:when=2`. */
export type Fault = string;

export class Daemon {
  readonly #child: ChildProcess;
  readonly #stderr: string[] = [];
  readonly url: Promise<string>;

  private constructor(child: ChildProcess, onLog: DaemonSetup['onLog']) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr.push(chunk);
      onLog?.(chunk);
      if (this.#stderr.length > 200) this.#stderr.shift();
    });
    this.url = firstUrl(child);
    // A daemon that is killed before it is ready has no address; whoever needs one hears of it.
    this.url.catch(() => undefined);
  }

  static async start(setup: DaemonSetup, fault?: Fault): Promise<Daemon> {
    await mkdir(setup.directory, { recursive: true });
    const config = join(setup.directory, 'sluice.yaml');
    await writeFile(config, `data_dir: ${join(setup.directory, 'data')}\n${setup.yaml ?? DEFAULT_YAML}`);
    const run = [process.execPath, MAIN, 'run', '-c', config, '-o', 'json', ...(setup.args ?? [])];
    // -D: strace is a grandchild, so that the child's pid is the daemon's. One pool thread: strace counts `when` per thread.
    const command =
      fault === undefined
        ? run
        : [
            'strace',
            '-D',
            '-f',
            '-qq',
            '-o',
            '/dev/null',
            '-e',
            `trace=${fault.split(':')[0] ?? ''}`,
            '-e',
            `inject=${fault}`,
            ...run,
          ];
    const env = { ...process.env, ...setup.env, ...(fault === undefined ? {} : { UV_THREADPOOL_SIZE: '1' }) };
    const [program = '', ...args] = command;
    return new Daemon(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env }), setup.onLog);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The last lines of its log, for failure messages. */
  get log(): string {
    return this.#stderr.join('').slice(-4000);
  }

  /** Sends the signal and does not wait. */
  signal(name: NodeJS.Signals): void {
    if (!this.ended) this.#child.kill(name);
  }

  /** Resolves with the exit code, or the signal's name, once it has ended; kills it after `withinMs`. */
  async exit(withinMs: number): Promise<number | string> {
    const timer = sleep(withinMs, undefined, { ref: false }).then(() => this.signal('SIGKILL'));
    if (!this.ended) await Promise.race([once(this.#child, 'exit'), timer.then(() => once(this.#child, 'exit'))]);
    return this.#child.exitCode ?? this.#child.signalCode ?? 'unknown';
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exit(10_000);
  }
}

async function firstUrl(child: ChildProcess): Promise<string> {
  let text = '';
  if (child.stdout === null) throw new Error('the daemon has no standard output');
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('\n')) return (JSON.parse(text.slice(0, text.indexOf('\n'))) as { url: string }).url;
  }
  throw new Error('the daemon ended before it was ready');
}

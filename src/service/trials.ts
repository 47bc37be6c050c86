/**
 * Trials in a process of their own (`trial-process.ts`), started with the first and again after each that it did not survive. Owns that
 * process; it ends a while after the last trial, and with the daemon.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { extname, join } from 'node:path';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Clock } from '../core/runtime.ts';
import type { FileLayout } from '../contracts/column-engine.ts';
import type { TrialOutcome, TrialWriter } from '../contracts/trial-writer.ts';
import type { EngineSettings } from './encoder.ts';
import type { TrialAnswer, TrialRequest } from './trial-process.ts';

const IDLE_MS = 10_000;
/** Of what the process says on its standard error. */
const SAID_CHARS = 1_000;

export class Trials implements TrialWriter {
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  #turn: Promise<unknown> = Promise.resolve();
  #child: TrialChild | undefined;
  #idle = new AbortController();
  #closed = false;

  /** Its files lie in a folder of their own within `spoolDir`. */
  constructor({ encoder, spoolDir, memory }: EngineSettings, clock: Clock) {
    this.#clock = clock;
    this.#settings = { encoder, spoolDir: join(spoolDir, 'trial'), memory: { duckdbBytes: memory.duckdbBytes } };
  }

  write(layout: FileLayout, lines: Uint8Array, count: number, signal: AbortSignal): Promise<TrialOutcome> {
    const outcome = this.#turn.then(() => this.#write({ layout, lines, count }, signal));
    this.#turn = outcome.catch(() => undefined);
    return outcome;
  }

  /** Whoever waits for a trial is told `closed`. */
  close(): void {
    this.#closed = true;
    this.#end();
  }

  async #write(request: TrialRequest, signal: AbortSignal): Promise<TrialOutcome> {
    this.#idle.abort();
    const child = (this.#child ??= new TrialChild(this.#settings));
    const abort = (): void => this.#end();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted || this.#closed) abort();
    const answer = await child.ask(request);
    signal.removeEventListener('abort', abort);
    if (signal.aborted || this.#closed) throw new SluiceError('closed', 'the trial was given up');
    if (child.ended) this.#child = undefined;
    else this.#endWhenIdle();
    if (answer.kind === 'prevented')
      throw new SluiceError('unavailable', `records could not be tried: ${answer.cause}`, {
        remedy: 'free disk space or memory, or allow the daemon to start processes; it is tried again by itself',
      });
    return answer.kind === 'failed' ? { ...answer, killed: child.ended } : { kind: 'written' };
  }

  #endWhenIdle(): void {
    this.#idle = new AbortController();
    this.#clock.sleep(IDLE_MS, this.#idle.signal).then(
      () => this.#end(),
      // Another trial came, or the end did.
      () => undefined,
    );
  }

  #end(): void {
    this.#idle.abort();
    this.#child?.kill();
    this.#child = undefined;
  }
}

class TrialChild {
  readonly #process: ChildProcess;
  readonly #end: Promise<TrialAnswer>;
  readonly #ready: Promise<TrialAnswer>;
  #wasReady = false;
  ended = false;

  constructor(settings: EngineSettings) {
    // The same kind of file as this one: a source in a checkout, a compiled file in a package.
    const entry = new URL(`./trial-process${extname(import.meta.filename)}`, import.meta.url);
    this.#process = fork(entry, [JSON.stringify(settings)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, SAID_CHARS)));
    this.#end = new Promise((resolve) => {
      const over = (cause: string): void => {
        this.ended = true;
        // One that never worked says nothing of any record.
        resolve({ kind: this.#wasReady ? 'failed' : 'prevented', cause });
      };
      this.#process.once('error', (error) => over(messageOf(error)));
      this.#process.once('close', (code, signal) =>
        over(
          [`the process that wrote it ended with ${signal ?? code}`, ...(said === '' ? [] : [said.trim()])].join(': '),
        ),
      );
    });
    this.#ready = this.#answer();
  }

  /** Never rejects. */
  async ask(request: TrialRequest): Promise<TrialAnswer> {
    const ready = await this.#ready;
    if (ready.kind !== 'ready') return ready;
    this.#wasReady = true;
    const answer = this.#answer();
    this.#process.send(request, () => undefined);
    return answer;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #answer(): Promise<TrialAnswer> {
    const said = new Promise<TrialAnswer>((resolve) => this.#process.once('message', resolve));
    return Promise.race([said, this.#end]);
  }
}

/**
 * One judge's child process: a request line in, an answer line out.
 *
 * Owns the process, its start-up, time limits and end. Does not know what is asked.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What a judge says: `ok` and what was asked for, or the error of its engine. */
export type JudgeAnswer =
  | { readonly ok: true; readonly [key: string]: unknown }
  | { readonly ok: false; readonly error: string };

const START_WITHIN_MS = 120_000;
const ANSWER_WITHIN_MS = 300_000;
const STOP_WITHIN_MS = 10_000;

interface Waiting {
  resolve(answer: JudgeAnswer): void;
  reject(error: Error): void;
}

export class JudgeProcess {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcessWithoutNullStreams | undefined;
  #waiting: Waiting | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #errors = '';

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#program = program;
    this.#args = args;
    this.#env = env;
  }

  /** Resolves when the judge has said that it is ready; rejects with the end of its stderr if it does not. */
  async open(): Promise<void> {
    const child = spawn(this.#program, this.#args, { env: { ...process.env, ...this.#env } });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-6_000);
    });
    child.stdin.on('error', () => undefined); // a dead judge is reported by its exit
    child.on('error', (error) => this.#fail(error));
    child.on('close', (code, signal) => this.#fail(new Error(`the judge ended (${code ?? signal})`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve(JSON.parse(line) as JudgeAnswer);
    });
    process.once('exit', this.#killAtExit);
    await this.#answer(START_WITHIN_MS);
  }

  /** Answers in the order of the calls. Rejects when the process died or took too long, after which it is dead. */
  ask(request: object): Promise<JudgeAnswer> {
    const answer = this.#last.then(() => {
      const child = this.#child;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`the judge is not running\n${this.#errors}`);
      }
      const coming = this.#answer(ANSWER_WITHIN_MS);
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return coming;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    const child = this.#child;
    process.removeListener('exit', this.#killAtExit);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      return;
    }
    const gone = once(child, 'exit');
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await gone;
    clearTimeout(timer);
  }

  #answer(withinMs: number): Promise<JudgeAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<JudgeAnswer>();
    const timer = setTimeout(() => {
      this.#child?.kill('SIGKILL');
      this.#fail(new Error(`no answer within ${withinMs} ms`));
    }, withinMs);
    this.#waiting = { resolve, reject };
    return promise.finally(() => clearTimeout(timer));
  }

  #fail(cause: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(new Error(`${this.#program}: ${cause.message}\n${this.#errors}`, { cause }));
  }

  readonly #killAtExit = (): void => void this.#child?.kill('SIGKILL');
}

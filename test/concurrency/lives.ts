/** The daemon's lives: each ends by `kill -9`, and the next begins at once. Owns the process; what runs against it is handed in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LogLines } from '../soak/log-lines.ts';
import { Daemon } from '../support/daemon/daemon.ts';
import { LIFE_S, YAML } from './tables.ts';

const LISTED = 20;

/** Runs until the signal aborts. */
export type Load = (url: string, over: AbortSignal) => Promise<void>;

export class Lives {
  readonly log = new LogLines();
  readonly #directory: string;
  /** Lives that were ended by `kill -9`. */
  kills = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** One life after the other until the signal aborts. Rejects when a daemon does not start or ends by itself. */
  async run(load: Load, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const daemon = await this.#start();
      const life = new AbortController();
      const running = load(await daemon.url, life.signal);
      await Promise.race([sleep(LIFE_S * 1000, undefined, { signal: over }).catch(() => undefined), running]);
      const ended = daemon.ended;
      await daemon.kill();
      life.abort();
      await running;
      if (ended) throw new Error(`the daemon ended by itself:\n${daemon.log}`);
      this.kills += 1;
    }
  }

  /** A life that is ended by SIGTERM after the work. Rejects when it does not end with 0. */
  async orderly<T>(work: (url: string) => Promise<T>): Promise<T> {
    const daemon = await this.#start();
    try {
      const result = await work(await daemon.url);
      daemon.signal('SIGTERM');
      const code = await daemon.exit(60_000);
      if (code !== 0) throw new Error(`SIGTERM ended the daemon with ${code}`);
      return result;
    } catch (error) {
      throw new Error(`${String(error)}\n${daemon.log}`, { cause: error });
    } finally {
      await daemon.kill();
    }
  }

  /** Lines of its logs that nobody expects. */
  get unexpected(): readonly string[] {
    return this.log.unexpected.slice(0, LISTED);
  }

  async #start(): Promise<Daemon> {
    const daemon = await Daemon.start({ directory: this.#directory, yaml: YAML, onLog: (text) => this.log.add(text) });
    await daemon.url.catch(async (error: unknown) => {
      await daemon.kill();
      throw new Error(`the daemon did not start:\n${daemon.log}`, { cause: error });
    });
    return daemon;
  }
}

/**
 * How one life of a daemon reaches the world: every wait of it is an event. When the life ends, nothing it waits for is ever answered,
 * while what it had already sent may still take effect. Owns liveness; knows nothing of faults.
 */
import { SluiceError } from '../../../src/core/errors.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import type { Scheduler } from './scheduler.ts';

/** Wall time of the whole world: moves with the scheduler, and jumps when the world is suspended. */
export class WorldTime {
  #extra = 0;
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  now(): number {
    return Math.floor(1_800_000_000_000 + this.#extra + this.#scheduler.now);
  }

  jump(ms: number): void {
    this.#extra += ms;
  }
}

export class Effects {
  readonly name: string;
  readonly scheduler: Scheduler;
  #dead = false;

  constructor(scheduler: Scheduler, name: string) {
    this.scheduler = scheduler;
    this.name = name;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
  }

  /** `effect` happens after `ms` and is answered at once; nothing happens for a life that has ended by then. */
  do<T>(name: string, ms: number, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.scheduler.after(ms, `${this.name} ${name}`, () => {
        if (this.#dead) return;
        try {
          resolve(effect());
        } catch (error) {
          this.#reject(reject, error);
        }
      });
    });
  }

  /** A request over a network: it takes effect after `there`, whoever is alive then, and is answered after `back` more. */
  send<T>(name: string, there: number, back: number, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.scheduler.after(there, `${this.name} ${name} >`, () => {
        let settle: () => void;
        try {
          const result = effect();
          settle = () => resolve(result);
        } catch (error) {
          settle = () => this.#reject(reject, error);
        }
        this.scheduler.after(back, `${this.name} ${name} <`, () => {
          if (!this.#dead) settle();
        });
      });
    });
  }

  /** Only what the contracts allow reaches the code under test; anything else is a fault of the world and ends the run. */
  #reject(reject: (error: unknown) => void, error: unknown): void {
    if (error instanceof SluiceError) reject(error);
    else this.scheduler.fail(error);
  }
}

export class SimClock implements Clock {
  readonly #effects: Effects;
  readonly #time: WorldTime;
  /** This machine's wall clock against the world's. */
  skewMs = 0;

  constructor(effects: Effects, time: WorldTime) {
    this.#effects = effects;
    this.#time = time;
  }

  now(): number {
    return this.#time.now() + this.skewMs;
  }

  monotonic(): number {
    return this.#effects.scheduler.now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => reject(new SluiceError('closed', 'wait was cancelled', { cause: signal?.reason }));
      if (signal?.aborted === true) {
        aborted();
        return;
      }
      const cancel = this.#effects.scheduler.after(ms, `${this.#effects.name} timer`, () => {
        signal?.removeEventListener('abort', onAbort);
        if (!this.#effects.dead) resolve();
      });
      const onAbort = (): void => {
        cancel();
        aborted();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

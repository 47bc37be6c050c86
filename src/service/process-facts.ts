/** What the operating system and the engine say of this process: memory, CPU time, the event loop. Owns the readings. */
import { totalmem } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { DaemonFacts } from '../contracts/diagnosis.ts';
import type { Effort } from '../maintenance/paced-rewriter.ts';

/** The histogram counts the timer's own period in. */
const RESOLUTION_MS = 20;
const NANOS = 1e9;

export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #before: DaemonFacts['eventLoop'] = { p99Seconds: 0, maxSeconds: 0 };

  constructor() {
    this.#histogram.enable();
  }

  /** Begins another stretch; `facts` are the worse of this one and the one before. */
  turn(): void {
    this.#before = this.#stretch;
    this.#histogram.reset();
  }

  get facts(): DaemonFacts['eventLoop'] {
    const { p99Seconds, maxSeconds } = this.#stretch;
    return {
      p99Seconds: Math.max(p99Seconds, this.#before.p99Seconds),
      maxSeconds: Math.max(maxSeconds, this.#before.maxSeconds),
    };
  }

  close(): void {
    this.#histogram.disable();
  }

  get #stretch(): DaemonFacts['eventLoop'] {
    if (this.#histogram.count === 0) return { p99Seconds: 0, maxSeconds: 0 };
    const seconds = (nanos: number): number => Math.max(0, nanos / NANOS - RESOLUTION_MS / 1000);
    return { p99Seconds: seconds(this.#histogram.percentile(99)), maxSeconds: seconds(this.#histogram.max) };
  }
}

type ProcessMemory = Omit<DaemonFacts['memory'], 'bodiesUsed' | 'bodiesLimit'>;

export function processMemory(): ProcessMemory {
  const { rss, heapUsed } = process.memoryUsage();
  const total = totalmem();
  // Unlimited containers answer 0 or more than there is.
  const container = process.constrainedMemory();
  return {
    heapUsed,
    heapLimit: getHeapStatistics().heap_size_limit,
    resident: rss,
    machine: container > 0 && container < total ? container : total,
  };
}

export function processEffort(): Effort {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, loop: performance.eventLoopUtilization().active / 1000 };
}

/**
 * The service's log on pino: one JSON object a line. Warnings and errors that repeat are said once and then summed up.
 * Owns what counts as a repetition; how lines are held back is `repeats.ts`, what of a value is shown `facts.ts`.
 */
import { pino, stdTimeFunctions, type DestinationStream, type LevelWithSilent } from 'pino';
import type { ServiceLog } from '../../contracts/service-log.ts';
import type { Clock } from '../../core/runtime.ts';
import { printable } from './facts.ts';
import { Repeats, type Summary } from './repeats.ts';

const WINDOW_MS = 30_000;
const CHECK_MS = 1_000;
const MAX_KEYS = 2_000;

interface Line {
  readonly level: 'warn' | 'error';
  readonly facts: object;
  readonly message: string;
}

/** Lines with these in common, and level and message, are repetitions: what differs is chance or the moment. */
const KEY_FACTS = ['table', 'state', 'status', 'operation', 'code'] as const;

export class RateLimitedLog implements ServiceLog {
  readonly #inner: ServiceLog;
  readonly #clock: Clock;
  readonly #repeats = new Repeats<Line>(WINDOW_MS, MAX_KEYS);

  /** From this line on, lines of a lower level are left out. */
  readonly setLevel: (level: LevelWithSilent) => void;

  constructor(inner: ServiceLog, clock: Clock, setLevel: (level: LevelWithSilent) => void) {
    this.#inner = inner;
    this.#clock = clock;
    this.setLevel = setLevel;
  }

  debug(facts: object, message: string): void {
    this.#inner.debug(facts, message);
  }

  info(facts: object, message: string): void {
    this.#inner.info(facts, message);
  }

  warn(facts: object, message: string): void {
    this.#say({ level: 'warn', facts, message });
  }

  error(facts: object, message: string): void {
    this.#say({ level: 'error', facts, message });
  }

  /** Says the summaries that are due until the signal aborts; then those still held back. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#clock.sleep(CHECK_MS, signal);
        this.#summarise(this.#repeats.due(this.#clock.monotonic()));
      }
    } finally {
      this.#summarise(this.#repeats.due(Number.POSITIVE_INFINITY));
    }
  }

  #say(line: Line): void {
    if (this.#repeats.admit(keyOf(line), line, this.#clock.monotonic()))
      this.#inner[line.level](line.facts, line.message);
  }

  #summarise(summaries: readonly Summary<Line>[]): void {
    for (const { last, count } of summaries) this.#inner[last.level]({ ...last.facts, repeated: count }, last.message);
  }
}

function keyOf({ level, message, facts }: Line): string {
  const known = facts as Readonly<Record<string, unknown>>;
  // Two failures that say different things are never one line.
  const failure = known['err'] instanceof Error ? known['err'].message : '';
  return [level, message, failure, ...KEY_FACTS.map((name) => String(known[name]))].join('\n');
}

/** `destination` defaults to standard error, which keeps standard output for answers. */
export function openLog(
  level: LevelWithSilent,
  clock: Clock,
  destination: DestinationStream = pino.destination(2),
): RateLimitedLog {
  const logger = pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
      // pino's own would print whatever a library hung on its error.
      serializers: { err: (error: unknown) => error },
      formatters: { log: printable, level: (label) => ({ level: label }) },
    },
    destination,
  );
  return new RateLimitedLog(
    {
      debug: (facts, message) => logger.debug(facts, message),
      info: (facts, message) => logger.info(facts, message),
      warn: (facts, message) => logger.warn(facts, message),
      error: (facts, message) => logger.error(facts, message),
    },
    clock,
    (next) => void (logger.level = next),
  );
}

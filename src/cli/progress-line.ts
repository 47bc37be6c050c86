/** One line on stderr that is drawn over itself on a terminal; without one, nothing until the end. */
import type { CliIo } from './deps.ts';
import { grouped } from './terminal.ts';

const REDRAW_MS = 100;
const BAR = 24;

export class ProgressLine {
  readonly #io: CliIo;
  /** Bytes of the whole input; undefined for a pipe. */
  readonly #total: number | undefined;
  readonly #startedAt: number;
  #drawnAt = -Infinity;

  constructor(io: CliIo, total: number | undefined) {
    this.#io = io;
    this.#total = total;
    this.#startedAt = io.clock.monotonic();
  }

  update(records: number, bytes: number): void {
    const now = this.#io.clock.monotonic();
    if (this.#io.stderr.isTTY !== true || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    const share = this.#total === undefined || this.#total === 0 ? undefined : Math.min(1, bytes / this.#total);
    const bar = share === undefined ? '' : `${barOf(share)}  `;
    this.#io.stderr.write(`\r\u001b[K${bar}${grouped(records)} records  ${grouped(this.#rate(records, now))}/s`);
  }

  /** Clears the line so that what follows stands alone. */
  clear(): void {
    if (this.#io.stderr.isTTY === true && this.#drawnAt > -Infinity) this.#io.stderr.write('\r\u001b[K');
  }

  finish(records: number): void {
    this.clear();
    const now = this.#io.clock.monotonic();
    const seconds = (now - this.#startedAt) / 1000;
    this.#io.stderr.write(
      `${grouped(records)} records in ${seconds.toFixed(1)} s (${grouped(this.#rate(records, now))}/s)\n`,
    );
  }

  #rate(records: number, now: number): number {
    return Math.round(records / Math.max(0.001, (now - this.#startedAt) / 1000));
  }
}

/** `████░░░░  50 %`, of a share from 0 to 1. */
export function barOf(share: number): string {
  const filled = Math.round(share * BAR);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`;
}

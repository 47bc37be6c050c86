/**
 * What was done and what was refused, in order, on disk (`AuditTrail`). Owns the wire form of a line, the order of writing, and the
 * bound on denials; files are `line-file.ts`. Nobody waits for it: an action is never refused because its line could not be written.
 */
import type { AuditEvent, AuditLine, AuditTrail } from '../contracts/access.ts';
import type { Clock } from '../core/runtime.ts';
import type { LineFile } from './line-file.ts';
import { DenialFold, WINDOW_MS, type FoldedDenial } from './denials.ts';

/** Lines that wait for the disk; beyond them the newest are counted and dropped. */
const MAX_WAITING = 10_000;

export class AuditLog implements AuditTrail {
  readonly #file: LineFile;
  readonly #clock: Clock;
  readonly #onLost: (lines: number, error: unknown) => void;
  readonly #fold = new DenialFold();
  #waiting: string[] = [];
  #overflow = 0;
  #writing: Promise<void> | undefined;

  constructor(file: LineFile, clock: Clock, onLost: (lines: number, error: unknown) => void) {
    this.#file = file;
    this.#clock = clock;
    this.#onLost = onLost;
  }

  record(event: AuditEvent): void {
    if (event.outcome === 'denied' && !this.#fold.add(event)) return;
    this.#add(event);
  }

  async latest(limit: number): Promise<readonly AuditLine[]> {
    await this.#settled();
    return this.#file.latest(limit);
  }

  /** Tells what was counted at the end of each window, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(WINDOW_MS, signal);
      this.endWindow();
    }
  }

  endWindow(): void {
    for (const event of this.#fold.end()) this.#add(event);
  }

  /** Resolves when everything told before is written. */
  async close(): Promise<void> {
    this.endWindow();
    await this.#settled();
  }

  #add(event: AuditEvent | FoldedDenial): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#overflow += 1;
      return;
    }
    this.#waiting.push(auditLine(event, this.#clock.now()));
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async #settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      const lost = this.#overflow;
      this.#waiting = [];
      this.#overflow = 0;
      try {
        await this.#file.append(lines);
        if (lost > 0) this.#onLost(lost, new Error('more lines waited than are held'));
      } catch (error) {
        this.#onLost(lines.length + lost, error);
      }
    }
  }
}

export function auditLine(event: AuditEvent | FoldedDenial, at: number): string {
  const line = {
    at: new Date(at).toISOString(),
    who: event.who,
    client: event.client,
    action: event.action,
    table: event.table,
    outcome: event.outcome,
    request_id: event.requestId,
    detail: event.detail,
    ...('repeats' in event ? { repeats: event.repeats } : {}),
  };
  return `${JSON.stringify(line)}\n`;
}

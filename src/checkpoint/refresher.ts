/** Looking whether somebody changed a table, when a request gives reason to. Owns how often, how long a request waits, and what counts. */
import type { Clock } from '../core/runtime.ts';
import type { TableView } from '../contracts/table-format.ts';

/** Rows of both can share a file. */
export const sameLayout = (a: TableView, b: TableView): boolean =>
  a.schema.schemaId === b.schema.schemaId &&
  a.spec.specId === b.spec.specId &&
  a.sortOrder.orderId === b.sortOrder.orderId;

const REFRESH_MS = 1_000;
const PATIENCE_MS = 2_000;

export class Refresher {
  readonly #clock: Clock;
  readonly #look: () => Promise<void>;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(clock: Clock, look: () => Promise<void>) {
    this.#clock = clock;
    this.#look = look;
  }

  /** At most one look a second; resolves when the one under way has ended, or after two seconds. */
  async refresh(): Promise<void> {
    if (this.#looking === undefined && this.#clock.monotonic() - this.#lookedAt >= REFRESH_MS) {
      this.#lookedAt = this.#clock.monotonic();
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined;
      });
    }
    const patience = new AbortController();
    const waited = this.#clock.sleep(PATIENCE_MS, patience.signal).catch(() => undefined);
    await Promise.race([this.#looking, waited]);
    patience.abort();
  }
}

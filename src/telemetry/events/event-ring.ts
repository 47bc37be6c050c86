/** The last events of this life, numbered. Owns how many are kept and what a reader has missed; pure, knows no readers and no clock. */
import type { ServiceEvent, StampedEvent } from '../../contracts/events.ts';

export interface Replay {
  readonly events: readonly StampedEvent[];
  /** `count` is undefined when the id is of another life, or none. Absent: nothing was missed. */
  readonly missed?: { readonly count: number | undefined };
}

export class EventRing {
  readonly #life: string;
  readonly #capacity: number;
  #events: StampedEvent[] = [];
  #last = 0;

  /** `life` tells this process's ids from those of others; without `-`. */
  constructor(life: string, capacity: number) {
    this.#life = life;
    this.#capacity = capacity;
  }

  add(event: ServiceEvent, at: number): StampedEvent {
    this.#last += 1;
    const stamped = { id: `${this.#life}-${this.#last}`, at, event };
    this.#events.push(stamped);
    // Cut by halves, so that an event costs no more for being one of many.
    if (this.#events.length >= 2 * this.#capacity) this.#events = this.#events.slice(-this.#capacity);
    return stamped;
  }

  /** What came after the id; everything kept, when it is not an id of this life. */
  after(id: string): Replay {
    const kept = this.#events.slice(-this.#capacity);
    const seen = this.#numberOf(id);
    if (seen === undefined) return { events: kept, missed: { count: undefined } };
    const first = this.#last - kept.length + 1;
    return seen + 1 >= first
      ? { events: kept.slice(seen + 1 - first) }
      : { events: kept, missed: { count: first - seen - 1 } };
  }

  #numberOf(id: string): number | undefined {
    const [life, digits = '', ...rest] = id.split('-');
    if (life !== this.#life || rest.length > 0 || !/^\d{1,15}$/.test(digits)) return undefined;
    const number = Number(digits);
    return number <= this.#last ? number : undefined;
  }
}

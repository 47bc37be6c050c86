/** Hands events to readers as they happen. Owns the readers and their bound; what was before them is `event-ring.ts`. */
import type { EventFeed, EventReader, EventSink, ServiceEvent, Subscription } from '../../contracts/events.ts';
import { hex, type Runtime } from '../../core/runtime.ts';
import { EventRing } from './event-ring.ts';

export interface EventLimits {
  /** Events kept for readers that come back. */
  readonly kept: number;
  readonly readers: number;
}

const LIMITS: EventLimits = { kept: 512, readers: 32 };

export class EventHub implements EventSink, EventFeed {
  readonly #ring: EventRing;
  readonly #readers = new Set<EventReader>();
  readonly #runtime: Runtime;
  readonly #maxReaders: number;

  constructor(runtime: Runtime, limits = LIMITS) {
    this.#runtime = runtime;
    this.#ring = new EventRing(hex(runtime.random.bytes(4)), limits.kept);
    this.#maxReaders = limits.readers;
  }

  get readers(): number {
    return this.#readers.size;
  }

  publish(event: ServiceEvent): void {
    const stamped = this.#ring.add(event, this.#runtime.clock.now());
    for (const reader of this.#readers) reader.onEvent(stamped);
  }

  subscribe(after: string | undefined, reader: EventReader): Subscription {
    if (this.#readers.size >= this.#maxReaders) return { kind: 'full' };
    this.#readers.add(reader);
    if (after !== undefined) {
      const { events, missed } = this.#ring.after(after);
      if (missed !== undefined) reader.onMissed(missed.count);
      for (const event of events) reader.onEvent(event);
    }
    return { kind: 'subscribed', cancel: () => void this.#readers.delete(reader) };
  }

  close(): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const reader of readers) reader.onEnd();
  }
}

/**
 * Virtual time and the order of everything that waits. One event at a time; after each, the code under test runs until it waits again.
 * Owns the trace and its hash: same seed, same hash. Knows nothing of what events mean.
 */

interface PendingEvent {
  readonly at: number;
  readonly order: number;
  readonly name: string;
  readonly run: () => void;
  cancelled: boolean;
}

const RING = 400;

export class Scheduler {
  /** Milliseconds since the world began. */
  now = 0;
  steps = 0;
  #order = 0;
  #hash = 0x811c_9dc5;
  #failure: Error | undefined;
  readonly #heap: PendingEvent[] = [];
  readonly #ring: string[] = [];

  /** Runs `run` after `ms`; the answer cancels it. */
  after(ms: number, name: string, run: () => void): () => void {
    const event: PendingEvent = {
      at: this.now + Math.max(0, ms),
      order: (this.#order += 1),
      name,
      run,
      cancelled: false,
    };
    push(this.#heap, event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Something worth reading in the last events of a failing seed. */
  note(text: string): void {
    this.#absorb(text);
    this.#ring.push(`${String(this.steps).padStart(6)} ${this.now.toFixed(3).padStart(11)} ${text}`);
    if (this.#ring.length > RING) this.#ring.shift();
  }

  /** Ends the run: the first failure is the one reported. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  lastEvents(count: number): readonly string[] {
    return this.#ring.slice(-count);
  }

  /** Until `done` holds, nothing is left, or virtual time has passed `until`. Throws the first failure. Answers whether `done` held. */
  async run(done: () => boolean, until: number): Promise<boolean> {
    for (;;) {
      await settledMicrotasks();
      if (this.#failure !== undefined) throw this.#failure;
      if (done()) return true;
      const next = pop(this.#heap);
      if (next === undefined) return false;
      if (next.at > until) {
        push(this.#heap, next);
        this.now = Math.max(this.now, until);
        return false;
      }
      if (next.cancelled) continue;
      this.now = next.at;
      this.steps += 1;
      this.#absorb(next.name);
      try {
        next.run();
      } catch (error) {
        this.fail(error);
      }
    }
  }

  #absorb(text: string): void {
    let hash = this.#hash;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
    this.#hash = Math.imul(hash ^ Math.round(this.now * 1000), 0x0100_0193);
  }
}

// Every promise that can settle has settled once the event loop gets to its next phase.
const settledMicrotasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const before = (a: PendingEvent, b: PendingEvent): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: PendingEvent[], event: PendingEvent): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(event, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: PendingEvent[]): PendingEvent | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    let smaller = heap[child];
    if (smaller === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && before(right, smaller)) {
      child += 1;
      smaller = right;
    }
    if (!before(smaller, last)) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
  return top;
}

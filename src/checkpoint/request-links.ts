/** The requests whose records an epoch holds, for its trace. Owns the bound: an epoch may hold records of a million requests. */
import type { TraceContext } from '../contracts/tracing.ts';

/** What collectors keep of a span's links by default. */
const MAX_LINKS = 128;

export class RequestLinks {
  readonly #links: TraceContext[] = [];
  #more = 0;

  get links(): readonly TraceContext[] {
    return this.#links;
  }

  /** Sampled requests that found no room. */
  get more(): number {
    return this.#more;
  }

  /** Nobody records a request that was not sampled: a link to it would lead nowhere. */
  add(context: TraceContext | undefined): void {
    if (context === undefined || !context.sampled) return;
    if (this.#links.length < MAX_LINKS) this.#links.push(context);
    else this.#more += 1;
  }
}

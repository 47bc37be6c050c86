/**
 * Denials come in bursts: a client with a stale key asks ten times a second for a week. The first of its kind in a window is kept at
 * once, the others are counted and told when the window ends. Owns what counts as the same, and the bound on different ones. Pure.
 */
import type { AuditEvent } from '../contracts/access.ts';

export const WINDOW_MS = 60_000;
/** Different denials kept a window; what is beyond them is counted together. */
const MAX_KINDS = 100;

interface Kind {
  readonly event: AuditEvent;
  repeats: number;
}

export interface FoldedDenial extends AuditEvent {
  /** How many more there were. */
  readonly repeats: number;
}

export class DenialFold {
  readonly #kinds = new Map<string, Kind>();
  #others = 0;

  /** True when this one is to be written now. */
  add(event: AuditEvent): boolean {
    const key = JSON.stringify([event.who, event.client, event.action, event.table, event.detail]);
    const known = this.#kinds.get(key);
    if (known !== undefined) known.repeats += 1;
    else if (this.#kinds.size < MAX_KINDS) this.#kinds.set(key, { event, repeats: 0 });
    else this.#others += 1;
    return known === undefined && this.#kinds.has(key);
  }

  /** Ends the window: what was counted and not written. */
  end(): readonly FoldedDenial[] {
    const repeated = [...this.#kinds.values()]
      .filter(({ repeats }) => repeats > 0)
      .map(({ event: { requestId: _one, ...event }, repeats }) => ({ ...event, repeats }));
    const others: readonly FoldedDenial[] =
      this.#others === 0 ? [] : [{ who: 'various', action: 'various', outcome: 'denied', repeats: this.#others }];
    this.#kinds.clear();
    this.#others = 0;
    return [...repeated, ...others];
  }
}

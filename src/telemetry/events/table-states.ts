/** The state each table was last seen in, so that a change is told once. Pure. */
import type { ServiceEvent } from '../../contracts/events.ts';
import type { TableStatus } from '../../contracts/service-ports.ts';

type StateEvent = Extract<ServiceEvent, { type: 'table.state' }>;

export type SeenState = Pick<TableStatus, 'state' | 'reason' | 'remedy'>;

export class TableStates {
  /** Of those that are not running. */
  readonly #seen = new Map<string, TableStatus['state']>();

  /** Seen in another state than running, and not since. */
  troubled(table: string): boolean {
    return this.#seen.has(table);
  }

  /** The event of a change since the table was last looked at; a table begins as `running`. */
  look(table: string, { state, reason, remedy }: SeenState): StateEvent | undefined {
    const from = this.#seen.get(table) ?? 'running';
    if (from === state) return undefined;
    if (state === 'running') this.#seen.delete(table);
    else this.#seen.set(table, state);
    return {
      type: 'table.state',
      table,
      from,
      to: state,
      ...(reason === undefined ? {} : { reason }),
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
}

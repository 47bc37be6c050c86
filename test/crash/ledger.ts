/**
 * What producers sent and what they were told: the truth a table is compared with after crashes.
 * Acknowledged = exactly once. Not acknowledged = at most once, and whole requests only (protocol §9, I1 and I2).
 */

export interface SentRequest {
  readonly table: string;
  /** First record id; the request holds `[first, first + count)`. */
  readonly first: number;
  readonly count: number;
  /** Ids of records that fit no table: sent to become dead letters. */
  readonly bad: ReadonlySet<number>;
  acknowledged: boolean;
}

export class Ledger {
  readonly requests: SentRequest[] = [];
  #nextId = 1;

  /** `isBad` is asked for each of its records, from 0. */
  open(table: string, count: number, isBad: (record: number) => boolean): SentRequest {
    const first = this.#nextId;
    const bad = new Set(Array.from({ length: count }, (_, at) => first + at).filter((id) => isBad(id - first)));
    const request = { table, first, count, bad, acknowledged: false };
    this.#nextId += count;
    this.requests.push(request);
    return request;
  }

  get acknowledgedRecords(): number {
    return this.requests.reduce((sum, request) => sum + (request.acknowledged ? request.count : 0), 0);
  }

  get acknowledgedDeadLetters(): number {
    return this.requests.reduce((sum, request) => sum + (request.acknowledged ? request.bad.size : 0), 0);
  }

  /** `ids` and `letters`: every id found in the table and in its dead letters, as often as it was found. Empty: all promises kept. */
  violations(table: string, ids: readonly number[], letters: readonly number[]): readonly string[] {
    const inTable = timesOf(ids);
    const inLetters = timesOf(letters);
    const found: string[] = [];
    for (const request of this.requests) {
      if (request.table !== table) continue;
      let present = 0;
      for (let id = request.first; id < request.first + request.count; id += 1) {
        const seen = request.bad.has(id) ? inLetters : inTable;
        const times = seen.get(id) ?? 0;
        seen.delete(id);
        if (times > 0) present += 1;
        if (times > 1) found.push(`${table}: record ${id} is there ${times} times`);
      }
      if (request.acknowledged && present < request.count)
        found.push(`${table}: acknowledged request at ${request.first} has ${present} of ${request.count} records`);
      if (!request.acknowledged && present !== 0 && present !== request.count)
        found.push(
          `${table}: unacknowledged request at ${request.first} is there in part: ${present} of ${request.count}`,
        );
    }
    for (const id of inTable.keys()) found.push(`${table}: record ${id} was never sent, or does not belong there`);
    for (const id of inLetters.keys()) found.push(`${table}: dead letter ${id} was never sent, or fits its table`);
    return found;
  }
}

function timesOf(ids: readonly number[]): Map<number, number> {
  const times = new Map<number, number>();
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
  return times;
}

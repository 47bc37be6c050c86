/**
 * What producers sent and what they were told: the truth a table is compared with after crashes.
 * Acknowledged = exactly once. Not acknowledged = at most once, and whole requests only (protocol §9, I1 and I2).
 */

export interface SentRequest {
  readonly table: string;
  /** First record id; the request holds `[first, first + count)`. */
  readonly first: number;
  readonly count: number;
  acknowledged: boolean;
}

export class Ledger {
  readonly requests: SentRequest[] = [];
  #nextId = 1;

  open(table: string, count: number): SentRequest {
    const request = { table, first: this.#nextId, count, acknowledged: false };
    this.#nextId += count;
    this.requests.push(request);
    return request;
  }

  get acknowledgedRecords(): number {
    return this.requests.reduce((sum, request) => sum + (request.acknowledged ? request.count : 0), 0);
  }

  /** `ids`: every id found in the table, as often as it was found. Empty: all promises kept. */
  violations(table: string, ids: readonly number[]): readonly string[] {
    const seen = new Map<number, number>();
    for (const id of ids) seen.set(id, (seen.get(id) ?? 0) + 1);
    const found: string[] = [];
    for (const request of this.requests) {
      if (request.table !== table) continue;
      let present = 0;
      for (let id = request.first; id < request.first + request.count; id += 1) {
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
    for (const id of seen.keys()) found.push(`${table}: record ${id} was never sent`);
    return found;
  }
}

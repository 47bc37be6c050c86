/** Our own producers, over one life of the daemon: rows that their id describes, some until they are committed. Every answer goes to the books. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../support/chance.ts';
import { idsOf, type Books, type Rows } from './books.ts';
import type { Load } from './lives.ts';
import { ask, NDJSON } from './requests.ts';
import { dayOf, TABLES, textOf } from './tables.ts';

const MOST_RECORDS = 60;
const MEAN_PAUSE_MS = 150;

export const linesOf = (rows: Rows): string =>
  idsOf(rows)
    .map((id) => `{"id":${id},"day":"${dayOf(id)}","text":"${textOf(id)}"}\n`)
    .join('');

/** Sends by turns to every table. */
export const producer =
  (books: Books, chance: Chance): Load =>
  async (url, over) => {
    while (!over.aborted) {
      const table = chance.pick(TABLES).name;
      const sent = books.ledger.open(table, chance.between(1, MOST_RECORDS), () => false);
      const waits = chance.oneIn(3);
      const path = `${url}/api/v1/tables/${table}/records${waits ? '?ack=committed&timeout=20s' : ''}`;
      const { status, json } = await ask(path, 'POST', linesOf(sent), NDJSON);
      sent.acknowledged = status === 200 || status === 202;
      if (status === 200) books.of(table).arrived(sent);
      else if (![0, 202, 503].includes(status))
        books.violations.push(`records of ${table}: ${status} ${JSON.stringify(json).slice(0, 300)}`);
      await sleep(chance.below(2 * MEAN_PAUSE_MS));
    }
  };

/**
 * Producers with a memory: one by channels, one by keys. Both send again what they were told is stored, and send on until they hear that
 * it is. Owns what they were told; a record that is there twice is found by the ledger.
 */
import type { SentRequest } from '../crash/ledger.ts';
import type { Actor } from './actors.ts';
import { NDJSON } from './world.ts';

const NONE = (): boolean => false;
const TAKEN = [200, 202];
const REQUESTS_A_CHANNEL = 60;

interface Open {
  readonly path: string;
  readonly table: string;
  epoch: string;
  expected: number;
  requests: number;
  last?: { readonly sent: SentRequest; readonly offset: number };
}

/** Opens, sends, repeats, goes too far, is overtaken by its own next opening, closes, and begins another. */
export const channelProducer: Actor = (world, chance) => {
  const name = `soak-${chance.digits(8)}`;
  let count = 0;
  let open: Open | undefined;
  let doubtful: SentRequest | undefined;
  const reopen = async (path: string, table: string, requests: number): Promise<void> => {
    const { status, json } = await world.expect([200], path, { method: 'PUT' });
    if (status === 200)
      open = { path, table, epoch: String(json['epoch']), expected: Number(json['expected_offset']), requests };
  };
  const append = (to: Open, epoch: string, offset: number, sent: SentRequest, statuses: readonly number[]) =>
    world.expect(
      statuses,
      `/api/v1/tables/${to.table}/records?channel=${to.path.slice(to.path.lastIndexOf('/') + 1)}&epoch=${epoch}&offset=${offset}`,
      { method: 'POST', headers: NDJSON, body: world.lines(sent, 20) },
    );
  const sendNext = async (to: Open): Promise<void> => {
    const sent = (doubtful ??= world.ledger.open(to.table, chance.between(1, 20), NONE));
    const { status } = await append(to, to.epoch, to.expected, sent, TAKEN);
    if (!TAKEN.includes(status)) return;
    sent.acknowledged = true;
    to.last = { sent, offset: to.expected };
    to.expected += sent.count;
    to.requests += 1;
    doubtful = undefined;
  };
  return async () => {
    if (open === undefined) {
      const table = chance.pick(world.tables);
      await reopen(`/api/v1/tables/${table}/channels/${name}-${(count += 1)}`, table, 0);
      return;
    }
    const { last } = open;
    if (last !== undefined && chance.oneIn(5)) await append(open, open.epoch, last.offset, last.sent, [200]);
    else if (last !== undefined && chance.oneIn(20))
      await append(open, open.epoch, open.expected + 7, last.sent, [409]);
    else if (doubtful === undefined && chance.oneIn(15)) {
      const before = open;
      await reopen(open.path, open.table, open.requests);
      if (open !== before && last !== undefined) await append(open, before.epoch, last.offset, last.sent, [409]);
    } else await sendNext(open);
    if (doubtful === undefined && open.requests >= REQUESTS_A_CHANNEL) {
      const { status } = await world.expect([200], open.path, { method: 'DELETE' });
      if (status === 200) open = undefined;
    }
  };
};

/** One request in four is one of the last ten again; now and then its key comes with another body. */
export const keyProducer: Actor = (world, chance) => {
  const told: { readonly sent: SentRequest; readonly position: string }[] = [];
  let doubtful: SentRequest | undefined;
  const keyed = (sent: SentRequest, body: string, statuses: readonly number[]) =>
    world.expect(statuses, `/api/v1/tables/${sent.table}/records`, {
      method: 'POST',
      headers: { ...NDJSON, 'idempotency-key': `"soak-${sent.first}"` },
      body,
    });
  return async () => {
    if (told.length > 0 && chance.oneIn(4)) {
      const { sent, position } = chance.pick(told);
      const { status, json } = await keyed(sent, world.lines(sent, 20), TAKEN);
      if (TAKEN.includes(status) && json['position'] !== position)
        world.violations.push(`${sent.table}: one key, two positions: ${position} and ${String(json['position'])}`);
      if (chance.oneIn(8)) await keyed(sent, world.lines(sent, 60), [422]);
      return;
    }
    const sent = (doubtful ??= world.ledger.open(chance.pick(world.tables), chance.between(1, 20), NONE));
    const { status, json } = await keyed(sent, world.lines(sent, 20), TAKEN);
    if (!TAKEN.includes(status)) return;
    sent.acknowledged = true;
    doubtful = undefined;
    told.push({ sent, position: String(json['position']) });
    if (told.length > 10) told.shift();
  };
};

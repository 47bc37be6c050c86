/** Producers without a memory: small and large requests in every encoding, waiters for the commit, and records that become dead letters. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Actor } from './actors.ts';
import { JSON_BODY } from './world.ts';

const NONE = (): boolean => false;

export const smallProducer: Actor = (world, chance) => async () => {
  const sent = world.ledger.open(chance.pick(world.tables), chance.between(1, 5), NONE);
  await world.send(sent, '', world.lines(sent, chance.below(200)));
};

/** Some hundred KB, half of them compressed. */
export const largeProducer: Actor = (world, chance) => async () => {
  const sent = world.ledger.open(chance.pick(world.tables), chance.between(200, 2_000), NONE);
  const body = world.lines(sent, chance.between(50, 400));
  const encoding = chance.pick(['identity', 'identity', 'gzip', 'zstd']);
  if (encoding === 'identity') await world.send(sent, '', body);
  else
    await world.send(sent, '', encoding === 'gzip' ? gzipSync(body) : zstdCompressSync(body), {
      'content-encoding': encoding,
    });
};

export const committedWaiter: Actor = (world, chance) => async () => {
  const sent = world.ledger.open(chance.pick(world.tables), chance.between(1, 20), NONE);
  await world.send(sent, '?ack=committed&timeout=20s', world.lines(sent, 50));
};

/** One batch in eight is mended and put into its table. */
export const deadLetterProducer: Actor = (world, chance) => async () => {
  const table = chance.pick(world.tables);
  const sent = world.ledger.open(table, chance.between(1, 10), () => chance.oneIn(3));
  const { json } = await world.send(sent, '?on_error=dead_letter', world.lines(sent, 30));
  const batch = (json['dead_letter'] as { readonly batch: string } | undefined)?.batch;
  if (chance.oneIn(4)) await world.expect([200], `/api/v1/tables/${table}/dead-letters?limit=5`);
  if (batch !== undefined && chance.oneIn(8))
    await world.expect([200], `/api/v1/tables/${table}/dead-letters/replay`, {
      method: 'POST',
      headers: JSON_BODY,
      body: JSON.stringify({ batch, patch: { never: null } }),
    });
};

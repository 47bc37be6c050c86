/** Clients that store nothing for sure: refused, gone in the middle, listening for a while, or looking around. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Actor } from './actors.ts';
import { NDJSON } from './world.ts';

/** More than the soak's `server.max_body`. */
const TOO_LARGE = Buffer.alloc(4 * 1024 * 1024 + 1, '{"id":1}\n');

export const refused: Actor = (world, chance) => async () => {
  const records = `/api/v1/tables/${chance.pick(world.tables)}/records`;
  const unknown = `/api/v1/tables/soak.unknown${chance.digits(6)}`;
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}) => ({
    method: 'POST',
    body,
    headers: { ...NDJSON, ...headers },
  });
  const what = chance.below(chance.oneIn(10) ? 6 : 5);
  if (what === 0) await world.expect([422], records, post('{"id":"text"}\n{"never":1}\n'));
  else if (what === 1) await world.expect([404], `${unknown}/records`, post('{"id":1}\n'));
  else if (what === 2) await world.expect([404], unknown);
  else if (what === 3) await world.expect([415], records, post('<id>1</id>', { 'content-type': 'text/xml' }));
  else if (what === 4)
    await world.expect([400], records, post(gzipSync('{"id":1}\n').subarray(0, 12), { 'content-encoding': 'gzip' }));
  else await world.expect([413], records, post(TOO_LARGE));
};

/** Sends a part of a request or all of it, slowly, and leaves without an answer: nothing of a part is stored, of the rest all or nothing. */
export const disconnecting: Actor = (world, chance) => async () => {
  const sent = world.ledger.open(chance.pick(world.tables), chance.between(1, 50), () => false);
  const body = Buffer.from(world.lines(sent, 100));
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
  // A reset is what this client asks for.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect');
    socket.write(
      `POST /api/v1/tables/${sent.table}/records${chance.oneIn(3) ? '?ack=committed' : ''} HTTP/1.1\r\nhost: soak\r\n` +
        `content-type: application/x-ndjson\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    const part = chance.oneIn(3) ? body : body.subarray(0, chance.below(body.length));
    for (let at = 0; at < part.length && !socket.destroyed; at += 2_000) {
      socket.write(part.subarray(at, at + 2_000));
      await sleep(chance.below(50));
    }
    await sleep(chance.below(100));
  } finally {
    if (chance.oneIn(2)) socket.resetAndDestroy();
    else socket.destroy();
  }
};

/** Follows the events of all tables or of one for some seconds. */
export const eventReader: Actor = (world, chance) => async () => {
  const leave = AbortSignal.any([world.over, AbortSignal.timeout(chance.between(200, 4_000))]);
  const query = chance.oneIn(2) ? '' : `?table=${chance.pick(world.tables)}`;
  try {
    const stream = await fetch(`${world.url}/api/v1/events${query}`, { signal: leave });
    if (stream.status !== 200) world.violations.push(`GET /api/v1/events${query}: ${stream.status}`);
    for await (const chunk of stream.body ?? []) if ((chunk as Uint8Array).length === 0) return;
  } catch (error) {
    if (!leave.aborted) world.violations.push(`GET /api/v1/events${query}: ${String(error)}`);
  }
};

/** What dashboards, operators and curious people look at. */
export const onlooker: Actor = (world, chance) => async () => {
  const table = `/api/v1/tables/${chance.pick(world.tables)}`;
  const path = chance.pick([
    '/metrics',
    '/readyz',
    '/api/v1/diagnose',
    '/api/v1/tables',
    '/api/v1/config',
    '/api/v1/audit?limit=10',
    table,
    `${table}/checkpoints`,
    `${table}/channels`,
    `${table}/health`,
  ]);
  await world.expect([200], path);
};

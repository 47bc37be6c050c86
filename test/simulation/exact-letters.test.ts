/** Exact producers whose records become dead letters (protocol §3, §5), one story a test. */
import { expect, test } from 'vitest';
import type { AppendAnswer, Producer } from '../../src/contracts/service-ports.ts';
import type { SentRequest } from './world/ledger.ts';
import type { Life } from './world/life.ts';
import { bodyOf, row } from './world/records.ts';
import { Stage } from './world/stage.ts';

const T1 = { namespace: ['ns'], name: 't1' };
const KEY: Producer = { kind: 'idempotency-key', key: 'k' };

/** A request of three records, of which the first `bad` fit no table. */
function requestOf(stage: Stage, bad: number, kind: 'channel' | 'key'): SentRequest {
  const request = stage.world.ledger.sent('t1', (id) => [row(id, 0), row(id, 1), row(id, 2)], kind);
  request.bad = new Set(request.rows.slice(0, bad));
  return request;
}

const send = (life: Life, { rows, columns, bad }: SentRequest, producer: Producer): Promise<AppendAnswer> =>
  life.ingest?.append({
    table: T1,
    body: bodyOf(rows, columns, bad),
    format: 'ndjson',
    ignoreUnknownFields: false,
    principal: 'p',
    onError: 'dead_letter',
    producer,
  }) ?? expect.fail('the daemon is not ready');

async function openChannel(stage: Stage, life: Life): Promise<bigint> {
  const opened = await stage.end(life.channels?.open(T1, 'c') ?? expect.fail('the daemon is not ready'));
  return opened.kind === 'done' ? opened.channel.epoch : expect.fail(opened.kind);
}

/** What is the same in every answer. */
const said = (answer: AppendAnswer): unknown =>
  answer.kind === 'durable'
    ? [answer.accepted, answer.deadLetters?.rejected ?? answer.replayed?.rejected, answer.position]
    : answer.kind;

test.each([1, 3])(
  '%i bad records of three: a key has one answer, before and after a kill at any moment',
  async (bad) => {
    for (let after = 0; after < 900; after += 60) {
      const stage = new Stage();
      const first = await stage.start();
      const request = requestOf(stage, bad, 'key');
      const answer = said(await stage.end(send(first, request, KEY)));
      expect(answer).toEqual([3 - bad, bad, request.stored?.position]);
      expect(said(await stage.end(send(first, request, KEY)))).toEqual(answer);
      await stage.pass(after);
      first.end();
      const second = await stage.start();
      expect(said(await stage.end(send(second, request, KEY))), `killed after ${after} ms`).toEqual(answer);
      await stage.until(() => stage.isIn(request));
    }
  },
);

test.each([1, 3])(
  '%i bad records of three: a channel counts them all, before and after a kill at any moment',
  async (bad) => {
    for (let after = 0; after < 900; after += 60) {
      const stage = new Stage();
      const first = await stage.start();
      const epoch = await openChannel(stage, first);
      const at = (offset: bigint): Producer => ({ kind: 'channel', name: 'c', epoch, offset });
      const [request, next] = [requestOf(stage, bad, 'channel'), requestOf(stage, 0, 'channel')];
      expect(said(await stage.end(send(first, request, at(0n))))).toEqual([3 - bad, bad, request.stored?.position]);
      await stage.pass(after);
      first.end();
      const second = await stage.start();
      const again = await stage.end(send(second, request, at(0n)));
      expect(again, `killed after ${after} ms`).toMatchObject({
        kind: 'duplicate',
        position: request.stored?.position,
      });
      expect(said(await stage.end(send(second, next, at(3n))))).toEqual([3, undefined, next.stored?.position]);
      await stage.until(() => stage.isIn(request) && stage.isIn(next));
    }
  },
);

test('what is refused late stays stored for its channel: the next offset, and a duplicate when it is sent again', async () => {
  const stage = new Stage({ lettersByDefault: true });
  const first = await stage.start();
  const epoch = await openChannel(stage, first);
  const request = requestOf(stage, 0, 'channel');
  request.columns = ['wide'];
  const producer: Producer = { kind: 'channel', name: 'c', epoch, offset: 0n };
  expect((await stage.end(send(first, request, producer))).kind).toBe('durable');
  first.end();
  const table = stage.table();
  const fields = table.schema.fields.filter(({ name }) => name !== 'wide');
  stage.world.foreign(table, 'narrow', { ...table, schema: { schemaId: 7, fields } });
  const second = await stage.start();
  await stage.until(() => request.letters.size === 3 && stage.isIn(request));
  const { position } = request.stored ?? expect.fail('it was not stored');
  expect(await stage.end(send(second, request, producer))).toMatchObject({ kind: 'duplicate', position });
  const next = requestOf(stage, 0, 'channel');
  expect((await stage.end(send(second, next, { ...producer, offset: 3n }))).kind).toBe('durable');
  await stage.until(() => stage.isIn(next));
});

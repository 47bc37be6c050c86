/** Exact producers whose records become dead letters (protocol §3, §5), one story a test. */
import { expect, test } from 'vitest';
import type { AppendAnswer, Producer } from '../../src/contracts/service-ports.ts';
import { Stage } from './world/stage.ts';

const KEY: Producer = { kind: 'idempotency-key', key: 'k' };

/** What is the same in every answer. */
const said = (answer: AppendAnswer): unknown =>
  answer.kind === 'durable'
    ? [answer.accepted, answer.deadLetters?.rejected, answer.position, answer.deadLetters]
    : answer.kind;

test.each([1, 3])(
  '%i bad records of three: a key has one answer, before and after a kill at any moment',
  async (bad) => {
    for (let after = 0; after < 900; after += 60) {
      const stage = new Stage();
      const first = await stage.start();
      const request = stage.exact('key', bad);
      const answer = said(await stage.sendExactly(first, request, KEY));
      const letters = { rejected: bad, refusals: expect.arrayContaining([expect.anything()]) };
      expect(answer).toEqual([3 - bad, bad, request.stored?.position, expect.objectContaining(letters)]);
      expect(said(await stage.sendExactly(first, request, KEY))).toEqual(answer);
      await stage.pass(after);
      first.end();
      const second = await stage.start();
      expect(said(await stage.sendExactly(second, request, KEY)), `killed after ${after} ms`).toEqual(answer);
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
      const { epoch } = await stage.openChannel(first);
      const at = (offset: bigint): Producer => ({ kind: 'channel', name: 'c', epoch, offset });
      const [request, next] = [stage.exact('channel', bad), stage.exact('channel')];
      expect(said(await stage.sendExactly(first, request, at(0n)))).toMatchObject([
        3 - bad,
        bad,
        request.stored?.position,
        {},
      ]);
      await stage.pass(after);
      first.end();
      const second = await stage.start();
      const again = await stage.sendExactly(second, request, at(0n));
      expect(again, `killed after ${after} ms`).toMatchObject({
        kind: 'duplicate',
        position: request.stored?.position,
      });
      expect(said(await stage.sendExactly(second, next, at(3n)))).toEqual([
        3,
        undefined,
        next.stored?.position,
        undefined,
      ]);
      await stage.until(() => stage.isIn(request) && stage.isIn(next));
    }
  },
);

test('what is refused late stays stored for its channel: the next offset, and a duplicate when it is sent again', async () => {
  const stage = new Stage({ lettersByDefault: true });
  const first = await stage.start();
  const { epoch } = await stage.openChannel(first);
  const request = stage.exact('channel');
  request.columns = ['wide'];
  const producer: Producer = { kind: 'channel', name: 'c', epoch, offset: 0n };
  expect((await stage.sendExactly(first, request, producer)).kind).toBe('durable');
  first.end();
  const table = stage.table();
  const fields = table.schema.fields.filter(({ name }) => name !== 'wide');
  stage.world.foreign(table, 'narrow', { ...table, schema: { schemaId: 7, fields } });
  const second = await stage.start();
  await stage.until(() => request.letters.size === 3 && stage.isIn(request));
  const { position } = request.stored ?? expect.fail('it was not stored');
  expect(await stage.sendExactly(second, request, producer)).toMatchObject({ kind: 'duplicate', position });
  const next = stage.exact('channel');
  expect((await stage.sendExactly(second, next, { ...producer, offset: 3n })).kind).toBe('durable');
  await stage.until(() => stage.isIn(next));
});

test.each(['key', 'channel'] as const)(
  'a %s request sent again is committed when its dead letters are, not before',
  async (kind) => {
    const stage = new Stage();
    const life = await stage.start();
    const { format } = life;
    if (format === undefined) throw new Error('a daemon that is ready has a catalog');
    const { epoch } = await stage.openChannel(life);
    const producer: Producer = kind === 'key' ? KEY : { kind, name: 'c', epoch, offset: 0n };
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const attempt = format.attempt.bind(format);
    format.attempt = async (base, prepared) => {
      if (base.name.name.endsWith('__dead_letters')) await held;
      return attempt(base, prepared);
    };
    const request = stage.exact(kind, 1);
    await stage.sendExactly(life, request, producer);
    const again = await stage.sendExactly(life, request, producer);
    if (!('committed' in again) || again.committed === undefined) throw new Error(`answered ${again.kind}`);
    let known = false;
    again.committed().then(
      () => (known = true),
      () => expect.fail('it was committed'),
    );
    const own = request.rows.slice(1);
    await stage.until(() => own.every((row) => stage.world.invariants.rowsIn(stage.table()).has(row)));
    await stage.pass(3_000);
    expect(known).toBe(false);
    letGo();
    await stage.until(() => known);
    expect(stage.isIn(request)).toBe(true);
  },
);

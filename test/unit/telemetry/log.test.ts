/** Lines of the log: what is in them, what never is, and how repetitions are said. */
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import { openLog } from '../../../src/telemetry/logs/log.ts';

/** A clock that a test moves; sleepers wake when it has passed their time. */
class HandClock implements Clock {
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now = (): number => this.#now;
  monotonic = (): number => this.#now;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(new SluiceError('closed', 'cancelled')), { once: true });
    });
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#now = next.at;
      next.wake();
      // The sleeper goes on, and sleeps again, before more time passes.
      for (let step = 0; step < 5; step += 1) await Promise.resolve();
    }
    this.#now = end;
  }
}

function logInTest() {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>);
      done();
    },
  });
  const clock = new HandClock();
  return { lines, clock, log: openLog('debug', clock, destination) };
}

describe('facts', () => {
  test('64-bit numbers keep their digits', () => {
    const { log, lines } = logInTest();
    log.info({ snapshot: 5_937_117_119_577_207_079n, nested: { epoch: 7n } }, 'checkpoint');
    expect(lines).toMatchObject([
      { level: 'info', msg: 'checkpoint', snapshot: '5937117119577207079', nested: { epoch: '7' } },
    ]);
  });

  test('a secret hides itself wherever it is: as a fact, in a list, in the context of an error', () => {
    const { log, lines } = logInTest();
    const secret = new Secret('hunter2');
    const error = new SluiceError('misconfigured', 'no', { context: { key: secret as unknown as string } });
    log.warn({ secret, inside: { secret, list: [secret] }, err: error }, 'careless');
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    expect(JSON.stringify(lines)).toContain('[secret]');
  });

  test('of an error are told its kind, message, remedy, context and causes, and nothing a library hung on it', () => {
    const { log, lines } = logInTest();
    const cause = Object.assign(new Error('refused'), {
      code: 'ECONNREFUSED',
      $request: { headers: { authorization: 'Bearer x' } },
    });
    const err = new SluiceError('unavailable', 'the store did not answer', {
      context: { lane: 'l', offset: 9n },
      remedy: 'wait',
      cause,
    });
    log.error({ err }, 'failed');
    expect(lines).toMatchObject([
      {
        err: {
          kind: 'unavailable',
          message: 'the store did not answer',
          remedy: 'wait',
          context: { lane: 'l', offset: '9' },
          cause: { message: 'refused', code: 'ECONNREFUSED' },
        },
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain('Bearer');
  });
});

describe('repetitions', () => {
  test('of a warning are summed up with their count; other tables and other failures are lines of their own', async () => {
    const { log, lines, clock } = logInTest();
    const stop = new AbortController();
    const running = log.run(stop.signal);
    for (let round = 0; round < 100; round += 1)
      log.warn({ table: 'web.a', state: 'unavailable', round }, 'a table is in trouble');
    log.warn({ table: 'web.b', state: 'unavailable' }, 'a table is in trouble');
    log.error({ status: 500, err: new Error('one') }, 'request failed');
    log.error({ status: 500, err: new Error('two') }, 'request failed');
    expect(lines.map(({ table, round, msg }) => ({ table, round, msg }))).toEqual([
      { table: 'web.a', round: 0, msg: 'a table is in trouble' },
      { table: 'web.b', round: undefined, msg: 'a table is in trouble' },
      { table: undefined, round: undefined, msg: 'request failed' },
      { table: undefined, round: undefined, msg: 'request failed' },
    ]);
    await clock.pass(31_000);
    expect(lines.slice(4)).toMatchObject([{ table: 'web.a', round: 99, repeated: 99, level: 'warn' }]);
    stop.abort();
    await expect(running).rejects.toMatchObject({ kind: 'closed' });
  });

  test('still held back at the end are said at the end', async () => {
    const { log, lines } = logInTest();
    const stop = new AbortController();
    const running = log.run(stop.signal);
    log.warn({}, 'again');
    log.warn({}, 'again');
    stop.abort();
    await expect(running).rejects.toMatchObject({ kind: 'closed' });
    expect(lines).toMatchObject([{ msg: 'again' }, { msg: 'again', repeated: 1 }]);
  });

  test('of information are all said', () => {
    const { log, lines } = logInTest();
    log.info({}, 'ready');
    log.info({}, 'ready');
    expect(lines).toHaveLength(2);
  });
});

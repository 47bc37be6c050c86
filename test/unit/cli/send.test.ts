/** Promises of `sluice send`: every line once and in order, sent again only when that is certain to be harmless, bad lines by their number. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lineBatches } from '../../../src/cli/ndjson-batches.ts';
import type { AppendAnswer, AppendRequest } from '../../../src/contracts/service-ports.ts';
import type { CliRun, CliSetup } from '../../support/cli-harness.ts';
import { cli } from '../../support/cli-harness.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { COMMITTED, SNAPSHOT, testApi } from '../../support/fake-ports.ts';

/** A port that nobody listens on, and that fetch does not refuse by itself. */
const CLOSED = 'http://127.0.0.1:49';
let api: TestApi;
let url: string;
beforeEach(async () => {
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
});
afterEach(() => api.app.close());

const ten = Array.from({ length: 10 }, (_, index) => `{"n":${index + 1}}\n`).join('');
const send = (stdin: string, args: readonly string[] = [], setup: CliSetup = {}): Promise<CliRun> =>
  cli(['send', 'web.clicks', '-', '--url', url, ...args], { stdin, hurry: true, ...setup });
const received = (): string => Buffer.concat(api.ports.appended.map(({ body }) => body)).toString();

/** The first answers as given, then what the fake says by itself. */
function firstAnswers(...given: AppendAnswer[]): void {
  const usual = api.ports.answer;
  api.ports.answer = (request: AppendRequest) => {
    const next = given.shift();
    return next === undefined ? usual(request) : Promise.resolve(next);
  };
}

test('every line arrives once, in order, in batches', async () => {
  const { code, stdout, stderr } = await send(ten, ['--batch-records', '4', '-o', 'json']);
  expect(code).toBe(0);
  expect(received()).toBe(ten);
  expect(api.ports.appended).toHaveLength(3);
  expect(JSON.parse(stdout)).toMatchObject({ table: 'web.clicks', accepted: '10' });
  expect(stderr).toMatch(/^10 records in \d+\.\d s \([\d,]+\/s\)\n$/);
});

test('a last line without newline is a line', async () => {
  await send('{"n":1}\n{"n":2}');
  expect(received()).toBe('{"n":1}\n{"n":2}\n');
});

test('the bar is drawn on a terminal only, and cleared', async () => {
  const { stderr } = await send(ten, [], { tty: true });
  expect(stderr).toContain('\r\u001b[K');
  expect(stderr.split('\u001b[K').at(-1)).toMatch(/^10 records/);
});

test('503 is waited out and sent again, no line is lost or doubled', async () => {
  firstAnswers({ kind: 'overloaded', scope: 'log', retryAfterMs: 10 }, { kind: 'not-accepting', reason: 'draining' });
  const { code } = await send(ten, ['--batch-records', '5']);
  expect(code).toBe(0);
  expect(api.ports.appended.map(({ body }) => body.length)).toEqual([40, 40, 40, 41]);
  expect(received().slice(-ten.length)).toBe(ten);
});

test('75 when it does not get better, saying where to go on', async () => {
  api.ports.answer = () => Promise.resolve({ kind: 'not-accepting', reason: 'draining' });
  const { code, stderr } = await send(ten, ['--retries', '2', '--from-line', '3']);
  expect(code).toBe(75);
  expect(api.ports.appended).toHaveLength(3);
  expect(stderr).toContain('--from-line 3');
});

test('bad records are named by their line in the input', async () => {
  const usual = api.ports.answer;
  api.ports.answer = (request) =>
    Buffer.from(request.body).includes('"n":6')
      ? Promise.resolve({
          kind: 'refused',
          count: 4,
          total: 3,
          refusals: [
            { record: 2, line: 2, pointer: '/n', code: 'type_mismatch', detail: 'a number is expected' },
            { record: 3, line: 3, pointer: '', code: 'invalid_json', detail: 'ends early' },
          ],
        })
      : usual(request);
  const { code, stderr } = await send(ten, ['--batch-records', '4']);
  expect(code).toBe(1);
  expect(stderr.split('\n').slice(0, 3)).toEqual([
    'line 6: /n type_mismatch: a number is expected',
    'line 7: invalid_json: ends early',
    '… and 1 more in this batch',
  ]);
  expect(stderr).toMatch(/lines before 5 are stored.*\ntry: .*--from-line 5\n$/s);
  expect(api.ports.appended).toHaveLength(2);
});

test('--from-line leaves out what is stored already', async () => {
  await send(ten, ['--from-line', '8']);
  expect(received()).toBe('{"n":8}\n{"n":9}\n{"n":10}\n');
});

test('a lost answer is never sent again: it says which lines are in doubt', async () => {
  let requests = 0;
  const server = createServer((request) => {
    requests += 1;
    request.resume().on('end', () => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const lost = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await cli(['send', 'a.b', '-', '--url', lost, '--batch-records', '4'], {
    stdin: ten,
    hurry: true,
  });
  server.close();
  expect(code).toBe(75);
  expect(requests).toBe(1);
  expect(stderr).toContain('whether lines 1 to 4 are is not known');
});

test('no connection is tried again', async () => {
  const { code, stderr } = await cli(['send', 'a.b', '-', '--url', CLOSED, '--retries', '3'], {
    stdin: ten,
    hurry: true,
  });
  expect(code).toBe(75);
  expect(stderr).toContain('no daemon answers');
});

test('--wait ends when the last position is in the table, 75 when it is not', async () => {
  api.ports.awaited = { kind: 'committed', ...COMMITTED };
  expect(JSON.parse((await send(ten, ['--wait', '-o', 'json'])).stdout)).toMatchObject({
    snapshot_id: SNAPSHOT.toString(),
  });
  api.ports.awaited = { kind: 'durable' };
  expect((await send(ten, ['--wait'])).code).toBe(75);
});

test('--ignore-unknown-fields is passed on', async () => {
  await send(ten, ['--ignore-unknown-fields']);
  expect(api.ports.appended).toMatchObject([{ ignoreUnknownFields: true }]);
});

test('an empty input is no failure', async () => {
  expect(await send('')).toMatchObject({ code: 0 });
  expect(api.ports.appended).toEqual([]);
});

describe('batches', () => {
  async function* chunks(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield Buffer.from(piece);
  }

  test('keep every line whole and numbered, however the input is cut', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '"', ' '), maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.nat(40), { maxLength: 8 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 30, max: 60 }),
        fc.nat(5),
        async (texts, cuts, maxLines, maxBytes, skip) => {
          const input = texts.map((text) => `${text}\n`).join('');
          const bytes = Buffer.from(input);
          const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
          const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
          async function* parts(): AsyncGenerator<Uint8Array> {
            yield* pieces;
          }
          const seen: string[] = [];
          for await (const batch of lineBatches(parts(), { maxLines, maxBytes, skip })) {
            const lines = Buffer.from(batch.bytes).toString().split('\n').slice(0, -1);
            expect(batch.firstLine).toBe(skip + seen.length + 1);
            expect(batch.lines).toBe(lines.length);
            expect(lines.length).toBeLessThanOrEqual(maxLines);
            expect(batch.bytes.length).toBeLessThanOrEqual(maxBytes);
            seen.push(...lines);
          }
          expect(seen).toEqual(texts.slice(skip));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a line above the limit is refused by its number, before it is all in memory', async () => {
    const read = async (pieces: readonly string[]): Promise<void> => {
      for await (const batch of lineBatches(chunks(pieces), { maxLines: 10, maxBytes: 20, skip: 0 })) void batch;
    };
    await expect(read(['a\n', 'x'.repeat(15), 'x'.repeat(15)])).rejects.toThrow(/^line 2 has/);
  });
});

describe('channels', () => {
  const offsets = () =>
    api.ports.appended.map(({ producer }) => (producer?.kind === 'channel' ? Number(producer.offset) : undefined));

  test('goes on where the channel ended; blank lines are no records', async () => {
    api.ports.channelAnswer = { kind: 'done', channel: { name: 'c', epoch: 7n, next: 3n } };
    const { code, stdout } = await send(`\n${ten.replace('{"n":2}\n', '{"n":2}\n  \n')}`, [
      '--channel',
      'c',
      '--batch-records',
      '4',
      '-o',
      'json',
    ]);
    expect(code).toBe(0);
    expect(offsets()).toEqual([3, 7]);
    expect(received()).toBe(ten.split('\n').slice(3).join('\n'));
    expect(api.ports.appended[0]?.producer).toMatchObject({ name: 'c', epoch: 7n });
    expect(JSON.parse(stdout)).toMatchObject({ accepted: '7', sent_before: '3', channel: 'c' });
  });

  test('what was not answered is sent again, and counted once', async () => {
    firstAnswers({ kind: 'duplicate' });
    const { code, stdout } = await send(ten, ['--channel', 'c', '-o', 'json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { accepted: '10' }]);
  });

  test('a file has a channel of its own, which is another once it is another file; standard input has none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'send-'));
    try {
      const file = join(folder, 'a.ndjson');
      const once = async (): Promise<string | undefined> => {
        await cli(['send', 'web.clicks', file, '--url', url], { hurry: true });
        return api.ports.openedNames.at(-1);
      };
      await writeFile(file, ten);
      const name = await once();
      expect(name).toMatch(/^send-[0-9a-f]{32}$/);
      expect(await once()).toBe(name);
      await writeFile(file, ten.replace('{"n":5}', '{"n":6}'));
      expect(await once()).not.toBe(name);
      const opened = api.ports.openedNames.length;
      await send(ten);
      await cli(['send', 'web.clicks', file, '--url', url, '--no-channel'], { hurry: true });
      expect(api.ports.openedNames).toHaveLength(opened);
      expect(offsets().at(-1)).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

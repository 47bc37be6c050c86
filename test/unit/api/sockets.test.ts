/** Promises that only a real connection shows: broken requests, slow and aborted uploads, oversized headers, bodies that are refused early. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { TestApi } from '../../support/fake-ports.ts';
import { testApi } from '../../support/fake-ports.ts';

let api: TestApi | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await api?.close();
  api = undefined;
});

async function open(options: Parameters<typeof testApi>[0] = {}): Promise<Socket> {
  if (api === undefined || Object.keys(options).length > 0) {
    api = testApi(options);
    await api.app.listen({ port: 0, host: '127.0.0.1' });
  }
  const socket = connect((api.app.server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function answerOf(
  socket: Socket,
): Promise<{ readonly status: number; readonly head: string; readonly body: Record<string, unknown> }> {
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    const end = text.indexOf('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(text)?.[1];
    if (end >= 0 && length !== undefined && Buffer.byteLength(text.slice(end + 4)) >= Number(length)) break;
  }
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return {
    status: Number(head.split(' ')[1]),
    head: head.toLowerCase(),
    body: JSON.parse(body) as Record<string, unknown>,
  };
}

const HEAD = 'POST /api/v1/tables/web.clicks/records HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n';

describe('requests that never reach a route', () => {
  test.each([
    ['bytes that are no HTTP', 400, 'hello there\r\n\r\n', 'invalid-request'],
    ['a header without colon', 400, 'GET /livez HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n', 'invalid-request'],
    ['two lengths', 400, `${HEAD}content-length: 3\r\ncontent-length: 4\r\n\r\nabc`, 'invalid-request'],
    [
      'length and chunks',
      400,
      `${HEAD}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      'invalid-request',
    ],
    [
      'headers beyond the limit',
      431,
      `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      'headers-too-large',
    ],
    ['no host', 400, 'GET /livez HTTP/1.1\r\n\r\n', 'invalid-request'],
    ['a method of another protocol', 405, 'PROPFIND /livez HTTP/1.1\r\nhost: x\r\n\r\n', 'method-not-allowed'],
    ['an expectation', 417, `${HEAD}expect: magic\r\ncontent-length: 0\r\n\r\n`, 'expectation-failed'],
  ])('%s: %i problem', async (_what, status, bytes, kind) => {
    const socket = await open();
    socket.write(bytes);
    const answer = await answerOf(socket);
    expect(answer.status).toBe(status);
    expect(answer.head).toContain('content-type: application/problem+json');
    expect(answer.body).toMatchObject({
      type: `/problems/${kind}`,
      status,
      request_id: expect.any(String) as string,
    });
  });

  test('a request that does not arrive in time: 408 problem, and its memory is given back', async () => {
    const socket = await open({ settings: { requestTimeoutMs: 300, headerTimeoutMs: 200 } });
    socket.write(`${HEAD}content-length: 1000\r\n\r\n{"a":`);
    const answer = await answerOf(socket);
    expect(answer.status).toBe(408);
    expect(answer.body).toMatchObject({ type: '/problems/request-timeout' });
    await until(() => api?.budget.used === 0);
    expect(api?.ports.appended).toEqual([]);
  });
});

describe('several requests sent at once', () => {
  test('the refusal of broken bytes comes behind the answer of the append before them', async () => {
    const socket = await open({});
    let append = (): void => undefined;
    const { ports } = api as TestApi;
    const { answer } = ports;
    ports.answer = async (request) => {
      await new Promise<void>((resolve) => {
        append = resolve;
      });
      return answer(request);
    };
    socket.write(`${HEAD}content-length: 8\r\n\r\n{"a":1}\nthese bytes are no HTTP\r\n\r\n`);
    await until(() => ports.appended.length === 1);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += String(chunk);
    });
    const closed = once(socket, 'close');
    // The broken bytes are met before the append is durable.
    await new Promise((resolve) => setTimeout(resolve, 20));
    append();
    await closed;
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 400']);
  });

  test('an expectation of 100-continue behind another request leaves every answer whole', async () => {
    const socket = await open({});
    socket.write(
      `GET /readyz HTTP/1.1\r\nhost: x\r\n\r\nPOST /nowhere HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 0\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    const answers = text.split(/(?=HTTP\/1\.1 \d{3})/);
    expect(answers.map((answer) => answer.split(' ')[1])).toEqual(['200', '404']);
    for (const answer of answers) {
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(Buffer.byteLength(body)).toBe(Number(/content-length: (\d+)/i.exec(head)?.[1]));
    }
  });
});

describe('uploads', () => {
  test.each([0, 5, 30])(
    'a zstd body of several frames, the first chunk ending after %i bytes, is read whole',
    async (cut) => {
      const socket = await open({});
      const lines = ['{"a":1}\n', '{"a":2}\n', '{"a":3}\n'];
      const packed = Buffer.concat(lines.map((line) => zstdCompressSync(line)));
      const chunks = [Buffer.from(`${HEAD}content-encoding: zstd\r\ntransfer-encoding: chunked\r\n\r\n`)];
      for (const piece of [packed.subarray(0, cut), packed.subarray(cut)])
        if (piece.length > 0) chunks.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
      // All at once: the end of the body is there before the reading begins.
      socket.write(Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]));
      expect((await answerOf(socket)).status).toBe(202);
      expect(String(Buffer.from(api?.ports.appended.at(-1)?.body ?? []))).toBe(lines.join(''));
    },
  );

  test('a body that trickles in is read whole', async () => {
    const socket = await open({});
    socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
    for (const piece of ['{"a"', ':1}\n{', '"a":2}\n']) {
      socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    socket.write('0\r\n\r\n');
    expect((await answerOf(socket)).status).toBe(202);
    expect(String(Buffer.from(api?.ports.appended.at(-1)?.body ?? []))).toBe('{"a":1}\n{"a":2}\n');
  });

  test('an upload that is aborted is not appended, and its memory is given back', async () => {
    const socket = await open({ settings: {}, budgetBytes: 1_000_000 });
    socket.write(`${HEAD}content-length: 500000\r\n\r\n{"a":1}\n`);
    await until(() => api?.budget.used === 500_000);
    socket.destroy();
    await until(() => api?.budget.used === 0);
    expect(api?.ports.appended).toEqual([]);
  });

  test('too large by its own word: 413 before the body is sent, and the connection lives on', async () => {
    const socket = await open({ settings: { maxBodyBytes: 1000 } });
    socket.write(`${HEAD}content-length: 1001\r\n\r\n`);
    expect((await answerOfNext(socket)).status).toBe(413);
    socket.write('x'.repeat(1001));
    socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    expect((await answerOfNext(socket)).status).toBe(200);
  });

  test('a client that goes on sending far beyond a refusal is cut off', async () => {
    const socket = await open({ settings: { maxBodyBytes: 1000 } });
    socket.write(`${HEAD}content-length: 100000000\r\n\r\n`);
    expect((await answerOfNext(socket)).status).toBe(413);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const piece = Buffer.alloc(64 * 1024, 'x');
    const feed = (): void => {
      if (!socket.destroyed) socket.write(piece, () => setImmediate(feed));
    };
    feed();
    await closed;
  });

  test('503 while memory is full, with the body still on its way', async () => {
    const socket = await open({ budgetBytes: 1000 });
    const first = socket;
    first.write(`${HEAD}content-length: 900\r\n\r\n`);
    await until(() => api?.budget.used === 900);
    const second = await open();
    second.write(`${HEAD}content-length: 900\r\n\r\n`);
    const answer = await answerOfNext(second);
    expect(answer.status).toBe(503);
    expect(answer.head).toContain('retry-after: 1');
    first.write(`${'x'.repeat(899)}\n`);
    expect((await answerOfNext(first)).status).toBe(202);
  });
});

/** One answer off a connection that stays open. */
async function answerOfNext(socket: Socket): Promise<{ readonly status: number; readonly head: string }> {
  let text = '';
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += String(chunk);
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end >= 0 && text.length >= end + 4 + length)
      return { status: Number(text.split(' ')[1]), head: text.slice(0, end).toLowerCase() };
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come to hold within two seconds');
}

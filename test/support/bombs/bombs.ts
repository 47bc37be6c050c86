/**
 * Requests made to hurt: small ones that want much memory or time, and clients that do not finish. Owns their bytes and what they must
 * be answered with; whom they are sent to is the caller's affair.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';

const MiB = 1024 * 1024;

export interface Bomb {
  readonly name: string;
  readonly statuses: readonly number[];
  /** Sends it to the records of a table that has an `id` column; answers the status. */
  readonly send: (tableUrl: string) => Promise<number>;
}

const body =
  (
    bytes: () => Buffer<ArrayBuffer> | string,
    headers: Readonly<Record<string, string>> = {},
    query = '',
  ): Bomb['send'] =>
  async (tableUrl) => {
    const answer = await fetch(`${tableUrl}/records${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', ...headers },
      body: bytes(),
    });
    await answer.arrayBuffer();
    return answer.status;
  };

const json = { 'content-type': 'application/json' };
const lazily = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};
const members = (count: number): string => Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',');

/** For a daemon with the default limits. */
export const BOMBS: readonly Bomb[] = [
  {
    name: 'gzip, 1 GiB of zeros in 1 MiB',
    statuses: [413],
    send: body(
      lazily(() => gzipSync(Buffer.alloc(1024 * MiB))),
      { 'content-encoding': 'gzip' },
    ),
  },
  {
    name: 'zstd, 1 GiB of zeros in 32 KiB',
    statuses: [413],
    send: body(
      lazily(() => zstdCompressSync(Buffer.alloc(1024 * MiB))),
      { 'content-encoding': 'zstd' },
    ),
  },
  { name: '10 MiB of [', statuses: [422], send: body(() => '['.repeat(10 * MiB), json) },
  { name: '{"a": 2 million deep', statuses: [422], send: body(() => '{"a":'.repeat(2_000_000)) },
  { name: 'one line of 10 MiB', statuses: [422], send: body(() => `{"id":1,"text":"${'x'.repeat(10 * MiB)}"}`) },
  { name: 'one object of a million keys', statuses: [422], send: body(lazily(() => `{"id":1,${members(1_000_000)}}`)) },
  {
    name: 'one ignored object of a million keys',
    statuses: [422],
    send: body(
      lazily(() => `{"id":1,"x":{${members(1_000_000)}}}`),
      {},
      '?unknown_fields=ignore',
    ),
  },
  { name: 'a million wrong tiny records', statuses: [422], send: body(() => '{}\n'.repeat(1_000_000)) },
  {
    name: 'a million right tiny records',
    statuses: [200],
    send: body(() => '{"id":1}\n'.repeat(1_000_000), {}, '?dry_run=true'),
  },
  // Further beyond, the connection may be reset before its client reads the answer.
  {
    name: 'a body of 16 KiB too much',
    statuses: [413],
    send: body(() => Buffer.alloc(20 * MiB + 16 * 1024, '{"id":1}\n')),
  },
  {
    name: '10,000 query parameters',
    statuses: [431, 400],
    send: body(() => '{"id":1}', {}, `?${'a=1&'.repeat(10_000)}`),
  },
  { name: '1,000 query parameters', statuses: [400], send: body(() => '{"id":1}', {}, `?${'a=1&'.repeat(1_000)}`) },
  {
    name: 'headers of 1 MiB',
    statuses: [431],
    send: (tableUrl) => raw(tableUrl, `x: ${'y'.repeat(MiB)}\r\n\r\n`),
  },
  {
    name: '100,000 headers',
    statuses: [431],
    send: (tableUrl) => raw(tableUrl, `${'a: b\r\n'.repeat(100_000)}\r\n`),
  },
];

async function raw(tableUrl: string, headers: string): Promise<number> {
  const { port, pathname } = new URL(tableUrl);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`POST ${pathname}/records HTTP/1.1\r\nhost: localhost\r\n${headers}`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(String(first))?.[1]);
}

/** Clients that open a request and let it trickle, a byte each `everyMs`, until they are cut off or `stop` is called. */
export class SlowClients {
  readonly #sockets: Socket[] = [];
  readonly #timer: NodeJS.Timeout;
  closed = 0;

  constructor(tableUrl: string, count: number, part: 'headers' | 'body', everyMs: number) {
    const { port, pathname } = new URL(tableUrl);
    const start = `POST ${pathname}/records HTTP/1.1\r\nhost: localhost\r\n`;
    for (let index = 0; index < count; index += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined).once('close', () => (this.closed += 1));
      socket.resume();
      socket.write(
        part === 'headers' ? start : `${start}content-type: application/x-ndjson\r\ncontent-length: 1000\r\n\r\n`,
      );
      this.#sockets.push(socket);
    }
    this.#timer = setInterval(() => {
      for (const socket of this.#sockets) if (socket.writable) socket.write('x');
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }
}

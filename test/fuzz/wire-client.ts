/** Bytes to a socket and answers back, without a client library between that would refuse to send what is wrong. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface WireAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Exchange {
  readonly port: number;
  readonly pieces: readonly Buffer[];
  /** Methods of the requests sent: the answer to HEAD has no body. */
  readonly methods: readonly string[];
  /** Goes away after the last piece, without reading. */
  readonly leave: boolean;
  readonly withinMs: number;
}

/** The answers that came, at most one a request, in order; `late` when the time was over before all had come. */
export async function exchange(
  wanted: Exchange,
): Promise<{ readonly answers: readonly WireAnswer[]; readonly late: boolean }> {
  const socket = connect(wanted.port, '127.0.0.1');
  socket.setNoDelay(true);
  const answers: WireAnswer[] = [];
  let late = false;
  const reading = readAnswers(socket, wanted.methods, answers);
  try {
    await once(socket, 'connect');
    for (const [index, piece] of wanted.pieces.entries()) {
      if (socket.destroyed) break;
      if (index > 0) await sleep(1);
      socket.write(piece);
    }
    if (wanted.leave) await sleep(1);
    else {
      const timer = new AbortController();
      const over = sleep(wanted.withinMs, true, { signal: timer.signal }).catch(() => false);
      late = await Promise.race([reading.then(() => false), over]);
      timer.abort();
    }
  } catch {
    // A reset is an answer that did not come.
  } finally {
    socket.destroy();
  }
  await reading;
  return { answers, late };
}

function readAnswers(socket: Socket, methods: readonly string[], answers: WireAnswer[]): Promise<void> {
  let rest = Buffer.alloc(0);
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const read = firstAnswer(rest, methods[answers.length] ?? 'GET');
        if (read === undefined) return;
        rest = rest.subarray(read.bytes);
        if (read.answer.status >= 200) answers.push(read.answer);
        if (answers.length === methods.length) {
          resolve();
          return;
        }
      }
    });
  });
}

function firstAnswer(
  bytes: Buffer,
  method: string,
): { readonly answer: WireAnswer; readonly bytes: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? Number.NaN);
  const length = method === 'HEAD' || status < 200 ? 0 : Number(headers.get('content-length') ?? 0);
  const start = end + 4;
  if (bytes.length < start + length) return undefined;
  const body = bytes.subarray(start, start + length).toString('utf8');
  return { answer: { status, headers, body }, bytes: start + length };
}

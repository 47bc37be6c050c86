/**
 * Server-sent events over one response (WHATWG HTML §9.2). Owns the wire form, heartbeats, and cutting off a reader that does not read:
 * what waits for it is bounded in bytes. Does not know what the events mean.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/runtime.ts';

export const EVENT_STREAM = 'text/event-stream';

/** A reader with this much unread is too slow: it comes back with its last id. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it connects again. */
const RETRY_MS = 2_000;

export interface EventStream {
  send(type: string, data: string, id?: string): void;
  /** Completes the response. Idempotent, as is being cut off. */
  end(): void;
}

export interface StreamEvents {
  /** Called once, however it ended. */
  readonly onClosed: () => void;
  /** The reader was too slow; `onClosed` follows. */
  readonly onDropped: () => void;
}

/** Sends headers at once. */
export function openEventStream(response: ServerResponse, clock: Clock, events: StreamEvents): EventStream {
  const life = new AbortController();
  response.writeHead(200, {
    'content-type': EVENT_STREAM,
    'cache-control': 'no-store',
    // nginx would hold events back until its buffer is full.
    'x-accel-buffering': 'no',
  });
  const write = (text: string): void => {
    // Cut off, or left by its reader: `close` comes a turn later, and writing until then is an error of the response.
    if (response.destroyed || response.writableEnded) return;
    response.write(text);
    if (response.writableLength <= MAX_UNREAD_BYTES) return;
    events.onDropped();
    response.destroy();
  };
  response.once('close', () => {
    life.abort();
    events.onClosed();
  });
  write(`retry: ${RETRY_MS}\n\n`);
  const beat = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(HEARTBEAT_MS, life.signal);
      write(': still here\n\n');
    }
  };
  // Ends with the stream.
  beat().catch(() => undefined);
  return {
    send: (type, data, id) => write(`${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${data}\n\n`),
    end: () => {
      if (!response.destroyed) response.end();
    },
  };
}

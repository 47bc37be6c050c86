/**
 * Full garbage collections on demand, by way of Node's inspector on loopback: what is in the heap afterwards is kept by somebody. Owns the
 * daemon's options for that and the address it tells in its log.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 30_000;

/** The daemon's environment. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

export class Collector {
  #log = '';
  #address: string | undefined;

  /** The address is among the first lines of the log. */
  hear(text: string): void {
    if (this.#address !== undefined) return;
    this.#log += text;
    this.#address = /^Debugger listening on (ws:\S+)\n/m.exec(this.#log)?.[1];
  }

  /** Resolves when the heap has been collected. The connection is closed: a process does not end while one is open. */
  async collect(): Promise<void> {
    if (this.#address === undefined) throw new Error('the daemon has no inspector');
    const socket = new WebSocket(this.#address);
    const late = sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error('the inspector did not answer');
    });
    try {
      await Promise.race([once(socket, 'open'), late]);
      const answer = once(socket, 'message');
      socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
      await Promise.race([answer, late]);
    } finally {
      late.catch(() => undefined);
      socket.close();
    }
  }
}

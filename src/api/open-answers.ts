/**
 * Which requests of a connection are whole and not answered yet. A client may send several at once; when what follows them is broken,
 * the refusal of that comes after their answers, or it would be read as the answer of one whose records are being written.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class OpenAnswers {
  readonly #open = new WeakMap<Socket, Map<ServerResponse, IncomingMessage>>();

  opened(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const open = this.#open.get(socket) ?? new Map<ServerResponse, IncomingMessage>();
    this.#open.set(socket, open.set(response, request));
    response.once('close', () => open.delete(response));
  }

  /** Runs once no whole request waits for its answer; at once if none does. */
  afterWhole(socket: Socket, then: () => void): void {
    const waiting = [...(this.#open.get(socket) ?? [])].find(([, request]) => request.complete);
    if (waiting === undefined) then();
    else waiting[0].once('close', () => this.afterWhole(socket, then));
  }
}

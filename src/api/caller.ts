/** What a request shows of its sender. Owns when a request counts as coming from this machine; who it is, is the authenticator's. */
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../contracts/access.ts';
import { isLoopback } from '../core/loopback.ts';

export function callerOf(request: FastifyRequest): Caller {
  const address = request.socket.remoteAddress ?? '';
  return {
    address,
    local: () => isLoopback(address) && isFromHere(request),
    authorization: request.headers.authorization,
    commonName: commonNameOf(request.socket),
  };
}

/**
 * A page in a browser on this machine reaches the loopback address too, by a name of its own (DNS rebinding) or by a form; a proxy on this machine
 * speaks for others. Neither is the person at the keyboard.
 */
function isFromHere({ headers }: FastifyRequest): boolean {
  if (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined) return false;
  return isLoopbackAuthority(headers.host) && (headers.origin === undefined || isLoopbackOrigin(headers.origin));
}

const isLoopbackAuthority = (authority: string | undefined): boolean =>
  authority !== undefined && isLoopback(authority.replace(/:\d*$/, ''));

const isLoopbackOrigin = (origin: string): boolean => URL.canParse(origin) && isLoopback(new URL(origin).hostname);

/** Read once a connection: asking for the certificate decodes it. */
const commonNames = new WeakMap<object, string | undefined>();

function commonNameOf(socket: object): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  if (!commonNames.has(socket)) {
    const name: unknown = socket.getPeerCertificate().subject?.CN;
    commonNames.set(socket, typeof name === 'string' ? name : undefined);
  }
  return commonNames.get(socket);
}

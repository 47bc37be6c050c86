/**
 * A question to the daemon that may be asked twice. A server may close an idle connection in the moment in which a client takes it up
 * (RFC 9112 §9.3.1, §9.5); a client that can ask again then does. Owns that one time, nothing else.
 */
export async function fetchAgain(url: string): Promise<Response> {
  try {
    return await fetch(url);
  } catch (error) {
    if (!isClosedByPeer(error)) throw error;
    return fetch(url);
  }
}

const isClosedByPeer = (error: unknown): boolean =>
  error instanceof TypeError && ['UND_ERR_SOCKET', 'ECONNRESET'].includes(codeOf(error.cause));

const codeOf = (cause: unknown): string => String((cause as { readonly code?: unknown } | undefined)?.code);

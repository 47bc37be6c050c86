/**
 * One HTTP exchange, over TLS with authorities and a certificate of the caller's choice (which `fetch` does not take). Owns connections kept
 * between requests; what an answer means is `api-client.ts`.
 */
import { Agent as HttpAgent, request as overHttp, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as overHttps } from 'node:https';

export interface TlsFiles {
  /** PEM. Absent: the authorities that come with Node. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export class HttpConnections {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;

  constructor(tls: TlsFiles) {
    this.#https = new HttpsAgent({ keepAlive: true, ...tls });
  }

  /** Rejects when no answer came whole. */
  exchange(
    method: string,
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | undefined,
  ): Promise<HttpAnswer> {
    const secure = url.protocol === 'https:';
    const [start, agent] = secure ? [overHttps, this.#https] : [overHttp, this.#http];
    const length = body === undefined ? {} : { 'content-length': body.byteLength };
    return new Promise((resolve, reject) => {
      const request = start(url, { method, agent, headers: { ...headers, ...length } }, (response) => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString('utf8'),
            }),
          )
          .once('error', reject);
      });
      request.once('error', reject);
      request.end(body);
    });
  }
}

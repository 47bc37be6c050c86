/** One request to the daemon, which may be killed meanwhile. Owns nothing but the answer's form. */

export interface Answer {
  /** 0 when no answer came. */
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export const NDJSON = 'application/x-ndjson';

const PATIENCE_MS = 60_000;

export async function ask(
  url: string,
  method: 'GET' | 'POST' = 'GET',
  body?: string,
  contentType = 'application/json',
): Promise<Answer> {
  try {
    const answer = await fetch(url, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': contentType } }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await answer.text();
    return { status: answer.status, json: text.startsWith('{') ? (JSON.parse(text) as Answer['json']) : {} };
  } catch {
    return { status: 0, json: {} };
  }
}

/** As `ask`, of a daemon that nobody kills. Rejects when the answer is not of the status. */
export async function expectAnswer(status: number, ...request: Parameters<typeof ask>): Promise<Answer['json']> {
  const answer = await ask(...request);
  if (answer.status !== status) throw new Error(`${request[0]}: ${answer.status} ${JSON.stringify(answer.json)}`);
  return answer.json;
}

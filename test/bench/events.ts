/** The benchmark's events: seeded NDJSON of about 283 bytes a line. Owns their form and the table that takes them. */
import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { once } from 'node:events';

/** Schema of the events, as the create-table request takes it. */
export const eventFields = [
  { name: 'id', type: 'uuid', required: true },
  { name: 'ts', type: 'timestamptz', required: true },
  { name: 'user_id', type: 'long', required: true },
  { name: 'event_type', type: 'string', required: true },
  { name: 'country', type: 'string', required: true },
  { name: 'url', type: 'string', required: true },
  { name: 'duration_ms', type: 'int', required: true },
  { name: 'price', type: 'double', required: false },
  { name: 'success', type: 'boolean', required: true },
  { name: 'session', type: 'string', required: true },
] as const;

/** The same columns as DuckDB reads them in the engine limit. */
export const duckdbColumns =
  "{id: 'UUID', ts: 'TIMESTAMPTZ', user_id: 'BIGINT', event_type: 'VARCHAR', country: 'VARCHAR', url: 'VARCHAR', duration_ms: 'INTEGER', price: 'DOUBLE', success: 'BOOLEAN', session: 'VARCHAR'}";

const EVENT_TYPES = ['view', 'click', 'scroll', 'search', 'add_to_cart', 'purchase', 'login', 'logout'];
const COUNTRIES = Array.from({ length: 60 }, (_, index) =>
  String.fromCharCode(65 + (index % 26), 65 + ((index * 7) % 26)),
);
const WORDS = [
  'shoes',
  'books',
  'garden',
  'kitchen',
  'travel',
  'music',
  'phones',
  'coffee',
  'winter',
  'offers',
  'lamps',
  'bikes',
];

/** xorshift32: the same seed gives the same bytes on every machine. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

const hex = (value: number, digits: number): string =>
  (value >>> 0)
    .toString(16)
    .padStart(8, '0')
    .slice(8 - digits);

/** One event line, without the line end. */
export function eventLine(next: () => number, index: number): string {
  const micros = 1_767_225_600_000_000 + index * 137 + (next() % 100);
  const seconds = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19);
  const fraction = String(micros % 1_000_000).padStart(6, '0');
  const uuid = `${hex(next(), 8)}-${hex(next(), 4)}-4${hex(next(), 3)}-a${hex(next(), 3)}-${hex(next(), 8)}${hex(next(), 4)}`;
  // Skewed: the square of a uniform number, so that few users are very busy.
  const user = Math.floor((next() / 2 ** 32) ** 2 * 1_000_000) + 1;
  const word = (): string => WORDS[next() % WORDS.length] as string;
  const path = `/${word()}/${word()}/${word()}-${hex(next(), 8)}`;
  const url = `https://ex.org${path}${next() % 4 === 0 ? `?ref=${hex(next(), 8)}` : ''}`.slice(0, 80);
  const price = next() % 3 === 0 ? 'null' : ((next() % 100_000) / 100).toString();
  const session = hex(next(), 8) + hex(next(), 8) + hex(next(), 8) + hex(next(), 8);
  return (
    `{"id":"${uuid}","ts":"${seconds}.${fraction}Z","user_id":${user},"event_type":"${EVENT_TYPES[next() % 8] as string}",` +
    `"country":"${COUNTRIES[next() % 60] as string}","url":"${url}","duration_ms":${next() % 30_000},"price":${price},` +
    `"success":${next() % 20 === 0 ? 'false' : 'true'},"session":"${session}"}`
  );
}

/** Writes `count` events once; a finished file of the same name is used again. */
export async function writeEvents(path: string, count: number, seed: number): Promise<{ readonly bytes: number }> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) {
    const out = createWriteStream(`${path}.part`);
    const next = seeded(seed);
    for (let index = 0; index < count;) {
      const lines: string[] = [];
      for (let end = Math.min(count, index + 4096); index < end; index += 1) lines.push(eventLine(next, index));
      if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'close');
    await rename(`${path}.part`, path);
  }
  return { bytes: (await stat(path)).size };
}

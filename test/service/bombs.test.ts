/** Requests made to hurt are refused under the memory budget, slow clients are cut off, and a producer beside them goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peakBytes } from '../bench/measure.ts';
import { BOMBS, SlowClients } from '../support/bombs/bombs.ts';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

/** The process with its heap, DuckDB's 192 MiB, and the budget of 64 MiB. */
const MOST_BYTES = 768 * 1024 * 1024;

let folder: TemporaryFolder;
let daemon: Daemon;
let tables: string;
let nextId = 1;

beforeAll(async () => {
  folder = await temporaryFolder();
  daemon = await Daemon.start({
    directory: folder.path,
    yaml: `server: { listen: "127.0.0.1:0", drain_delay: 0s, limits: { header_timeout: 1s, request_timeout: 2s } }
checkpoint: { interval: 500ms }
memory: { budget: 64MiB, duckdb: 192MiB }
`,
  });
  tables = `${await daemon.url}/api/v1/tables`;
  for (const name of ['web.hurt', 'web.well']) {
    const made = await fetch(tables, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, schema: [{ name: 'id', type: 'long', required: true }] }),
    });
    expect(made.status).toBe(201);
  }
});
afterAll(async () => {
  await daemon.kill();
  await folder.remove();
});

/** A producer on another table sends until `done`; every request of it is acknowledged. */
async function beside<T>(work: Promise<T>): Promise<T> {
  const end = { reached: false };
  const finished = work.finally(() => {
    end.reached = true;
  });
  const statuses: number[] = [];
  do {
    const answer = await fetch(`${tables}/web.well/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: `{"id":${nextId++}}\n`,
    });
    await answer.text();
    statuses.push(answer.status);
  } while (!end.reached);
  const answer = await finished;
  expect(new Set(statuses)).toEqual(new Set([202]));
  return answer;
}

test.each(BOMBS)('$name is answered with $statuses', async ({ statuses, send }) => {
  const status = await beside(send(`${tables}/web.hurt`));
  expect(statuses).toContain(status);
  expect(daemon.ended, daemon.log).toBe(false);
});

test.each(['headers', 'body'] as const)('clients whose %s trickle are cut off', async (part) => {
  const slow = new SlowClients(`${tables}/web.hurt`, 100, part, 100);
  await beside(
    (async () => {
      for (let look = 0; look < 200 && slow.closed < 100; look += 1) await sleep(100);
    })(),
  );
  expect(slow.closed).toBe(100);
  slow.stop();
});

test('all of it stayed under the memory budget, and left nothing of itself in the tables', async () => {
  expect(await peakBytes(daemon.pid)).toBeLessThan(MOST_BYTES);
  const flushed = await fetch(`${tables.replace('/tables', '')}/actions/flush`, { method: 'POST' });
  expect(flushed.status).toBe(200);
  const count = async (table: string): Promise<number> => {
    const { files } = (await (await fetch(`${tables}/${table}/files`)).json()) as { files: { record_count: string }[] };
    return files.reduce((sum, file) => sum + Number(file.record_count), 0);
  };
  expect(await count('web.hurt')).toBe(0);
  expect(await count('web.well')).toBe(nextId - 1);
});

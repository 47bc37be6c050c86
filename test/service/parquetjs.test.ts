/** The second encoder behind the whole daemon: the same rows, name mapping in the table, and what it cannot write refused before it exists. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML =
  'encoder: parquetjs\ncheckpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';

let folder: TemporaryFolder;
let daemon: Daemon;
beforeEach(async () => {
  folder = await temporaryFolder();
  daemon = await Daemon.start({ directory: folder.path, yaml: YAML });
});
afterEach(async () => {
  await daemon.kill();
  await folder.remove();
});

async function post(path: string, body: unknown): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await fetch(`${await daemon.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

test('records are committed, and the table maps names to ids', async () => {
  const created = await post('/api/v1/tables', {
    name: 'pj.t',
    schema: [
      { name: 'id', type: 'long', required: true },
      { name: 'text', type: 'string' },
    ],
  });
  expect(created.status).toBe(201);
  expect(created.json['properties']).toMatchObject({
    'schema.name-mapping.default': '[{"field-id":1,"names":["id"]},{"field-id":2,"names":["text"]}]',
    'write.parquet.compression-codec': 'snappy',
  });
  const sent = await post('/api/v1/tables/pj.t/records?ack=committed', [{ id: 1, text: 'ä' }, { id: 2 }]);
  expect(sent).toMatchObject({ status: 200, json: { accepted: 2, ack: 'committed' } });
});

test('a nested column is refused before the table exists, with a remedy', async () => {
  const refused = await post('/api/v1/tables', {
    name: 'pj.nested',
    schema: [{ name: 'tags', type: { type: 'list', element: 'string' } }],
  });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.status).toBeLessThan(500);
  expect(JSON.stringify(refused.json)).toMatch(/tags/);
  expect((await fetch(`${await daemon.url}/api/v1/tables/pj.nested`)).status).toBe(404);
});

/**
 * Schemathesis makes requests from the served OpenAPI document, valid ones and wrong ones, and judges each answer by it: no 5xx, and
 * status, headers, content type and body as documented. Not judged: whether valid requests succeed. What a table takes is
 * its schema, which the document does not know. Nor whether what was deleted is gone: DELETE cancels a job, and the job stays to be looked at.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { declaredRoutes } from '../../config/tooling/declared-routes.ts';
import { Daemon } from '../support/daemon/daemon.ts';
import { provisioned } from '../support/servers/process.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

/** Its answer does not end. */
const ENDLESS = '/api/v1/events';
const HOOKS = new URL('./schemathesis/hooks.py', import.meta.url).pathname;

let folder: TemporaryFolder;
let daemon: Daemon;
beforeAll(async () => {
  folder = await temporaryFolder();
  daemon = await Daemon.start({
    directory: folder.path,
    yaml: 'checkpoint: { interval: 500ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n',
  });
  const create = declaredRoutes().find(({ method, path }) => method === 'POST' && path === '/api/v1/tables');
  const example = create?.docs?.examples[0];
  const made = await fetch(`${await daemon.url}${example?.target ?? ''}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: example?.body ?? '',
  });
  expect(made.status).toBe(201);
});
afterAll(async () => {
  await daemon.kill();
  await folder.remove();
});

async function schemathesis(
  ...options: readonly string[]
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(
    provisioned('SLUICE_SCHEMATHESIS'),
    [
      'run',
      `${await daemon.url}/api/v1/openapi.json`,
      '--no-color',
      '--seed=1',
      '--exclude-checks=positive_data_acceptance,use_after_free',
      '--warnings=off',
      `--exclude-path=${ENDLESS}`,
      ...options,
    ],
    { cwd: folder.path, env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text: Buffer.concat(chunks).toString('utf8') };
}

test.each([
  ['examples and corner cases of every parameter', ['--phases=examples,coverage']],
  ['random requests', ['--phases=fuzzing', '--max-examples=60']],
  ['chains of requests', ['--phases=stateful', '--max-examples=20']],
])('%s: every answer is documented, and none is a 5xx', async (_what, options) => {
  const { code, text } = await schemathesis(...options);
  expect(code, text).toBe(0);
  // All but the one that serves the document.
  const ending = declaredRoutes().filter(({ path }) => path !== ENDLESS);
  expect(Number(/Selected: (\d+)/.exec(text)?.[1])).toBe(ending.length - 1);
  expect(daemon.ended, daemon.log).toBe(false);
});

/** A log damaged where it had been synced stops the daemon, which names the place; an operator may go on without those bytes. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const YAML = 'checkpoint: { interval: 1h }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const RECORDS = 10;

async function post(url: string, body: string): Promise<number> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await answer.text();
  return answer.status;
}

/** Turns one byte of the payload that holds `marker` over; the frame's checksum no longer fits. */
async function damage(directory: string, marker: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const file = await open(join(directory, name), 'r+');
    try {
      const at = (await file.readFile()).indexOf(marker);
      if (at >= 0) await file.write(Buffer.from('X'), 0, 1, at);
    } finally {
      await file.close();
    }
  }
}

test('damage is refused with file and byte, and --skip goes on with everything else', async () => {
  const folder = await temporaryFolder();
  const first = await Daemon.start({ directory: folder.path, yaml: YAML });
  const url = await first.url;
  await post(`${url}/api/v1/tables`, JSON.stringify({ name: 'd.t', schema: [{ name: 'text', type: 'string' }] }));
  for (let index = 0; index < RECORDS; index += 1)
    expect(await post(`${url}/api/v1/tables/d.t/records`, `{"text":"record-${index}-"}`)).toBe(202);
  await first.kill();
  await damage(join(folder.path, 'data/log'), 'record-3-');

  const refused = await Daemon.start({ directory: folder.path, yaml: YAML });
  await refused.url.catch(() => undefined);
  expect(await refused.exit(20_000)).not.toBe(0);
  expect(refused.log).toMatch(/sluice run --skip/);

  const skipping = await Daemon.start({ directory: folder.path, yaml: YAML, args: ['--skip'] });
  const again = await skipping.url;
  await post(`${again}/api/v1/tables/d.t/actions/flush`, '{}');
  const { files } = (await (await fetch(`${again}/api/v1/tables/d.t/files`)).json()) as {
    files: { record_count: string }[];
  };
  expect(files.reduce((sum, file) => sum + Number(file.record_count), 0)).toBe(RECORDS - 1);
  expect(await readdir(join(folder.path, 'data/skipped'))).toHaveLength(1);
  skipping.signal('SIGTERM');
  expect(await skipping.exit(20_000)).toBe(0);
  await folder.remove();
});

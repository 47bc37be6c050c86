/** The launcher gives the daemon a Node that is new enough, the threads and the heap it is meant to run with. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
const launcher = join(import.meta.dirname, '../../bin/sluice');
let root = '';

/** A checkout whose Node says how it was called. */
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'launcher-')));
  for (const folder of ['bin', 'src', 'tools', 'node_modules/.bin'])
    await mkdir(join(root, folder), { recursive: true });
  await copyFile(launcher, join(root, 'bin/sluice'));
  // A PATH without any other Node.
  for (const tool of ['dirname', 'readlink']) {
    const { stdout } = await run('/bin/sh', ['-c', `command -v ${tool}`]);
    await symlink(stdout.trim(), join(root, 'tools', tool));
  }
  await fakeNode(24);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function fakeNode(major: number): Promise<void> {
  const node = join(root, 'node_modules/.bin/node');
  await writeFile(node, `#!/bin/sh\n[ "$1" = -p ] && echo ${major} && exit\necho "$UV_THREADPOOL_SIZE $*"\n`);
  await chmod(node, 0o755);
}

const start = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  run(join(root, 'bin/sluice'), [...args], { env: { PATH: join(root, 'tools'), ...env } });

test('a checkout runs its sources with its pool threads and a heap that takes bodies in', async () => {
  const { stdout } = await start({}, 'run', '-c', 'a b.yaml');
  expect(stdout.trim()).toBe(`24 --initial-heap-size=256 ${root}/src/main.ts run -c a b.yaml`);
});

test('threads that an operator asked for are kept', async () => {
  const { stdout } = await start({ UV_THREADPOOL_SIZE: '64' }, 'run');
  expect(stdout).toMatch(/^64 /);
});

test('an old Node is refused with what to do', async () => {
  await fakeNode(20);
  await expect(start({}, 'run')).rejects.toMatchObject({ code: 78, stderr: expect.stringContaining('try:') });
});

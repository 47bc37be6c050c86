/** The lock of the log's directory: dies with its process, and only then. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDirectory } from '../../../src/lane/directory-lock.ts';
import type { TemporaryFolder } from '../../support/temporary-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const LOCK_MODULE = new URL('../../../src/lane/directory-lock.ts', import.meta.url).href;
const REFUSED = { kind: 'misconfigured', message: 'another process works on this directory' };

let folder: TemporaryFolder;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await folder.remove();
});

/** Resolves with the process once it holds the lock. */
async function holderInAnotherProcess(): Promise<ChildProcess> {
  const script = `const { lockDirectory } = await import(${JSON.stringify(LOCK_MODULE)});
    globalThis.lock = lockDirectory(${JSON.stringify(folder.path)});
    process.stdout.write('held'); setInterval(() => {}, 1000);`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  await once(started.stdout, 'data');
  return started;
}

it('another process is refused while the holder lives, and served once it was killed', async () => {
  const holder = await holderInAnotherProcess();
  expect(() => lockDirectory(folder.path)).toThrow(expect.objectContaining(REFUSED));
  const exited = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exited;
  lockDirectory(folder.path).release();
});

it('a second holder in the same process is refused until the first lets go', () => {
  const first = lockDirectory(folder.path);
  expect(() => lockDirectory(folder.path)).toThrow(expect.objectContaining(REFUSED));
  first.release();
  first.release();
  lockDirectory(folder.path).release();
});

it('what can not be a directory is said to be so, not taken for a busy one', async () => {
  await writeFile(`${folder.path}/file`, '');
  const message = expect.stringContaining('can not be locked');
  expect(() => lockDirectory(`${folder.path}/file`)).toThrow(
    expect.objectContaining({ kind: 'misconfigured', message }),
  );
});

it('creates the directory when it is not there', () => {
  lockDirectory(`${folder.path}/a/b`).release();
});

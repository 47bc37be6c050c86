/** The daemon as users start it, by `bin/sluice`, on a folder of its own. Owns the process and its configuration file. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../bin/sluice', import.meta.url));
const PATIENCE_MS = 30_000;

/** Stops it by SIGTERM after the work. `yaml` follows `data_dir`, which is `data` in the directory. */
export async function service<T>(
  directory: string,
  yaml: string,
  work: (base: string, pid: number) => Promise<T>,
): Promise<T> {
  await mkdir(directory, { recursive: true });
  const config = join(directory, 'sluice.yaml');
  await writeFile(config, `data_dir: ${join(directory, 'data')}\n${yaml}`);
  const child = spawn(COMMAND, ['run', '-c', config, '-o', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const address = await firstLine(child.stdout);
    return await work((JSON.parse(address) as { url: string }).url, child.pid ?? 0);
  } finally {
    child.kill('SIGTERM');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await Promise.race([ended, sleep(PATIENCE_MS)]);
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  throw new Error('the daemon ended before it was ready');
}

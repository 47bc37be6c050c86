/** Benchmarks' helpers in processes of their own: a script run to its end, its one line of JSON taken. Owns no measure. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BulkJob, LoadResult, PacedJob } from './load-generator.ts';

/** Runs a script of this folder. Rejects when it does not end with 0. */
export async function childJson<T>(script: string, args: readonly string[]): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as T;
}

export const load = (job: BulkJob | PacedJob): Promise<LoadResult> =>
  childJson('./load-generator.ts', [JSON.stringify(job)]);

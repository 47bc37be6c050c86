/** What a benchmark reads from the operating system: CPU seconds and peak memory of a process, quantiles, the disk's own sync time. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const TICKS_PER_SECOND = 100;

/** User and system seconds of a process so far, all its threads. Linux. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Peak resident set in bytes. Linux. */
export async function peakBytes(pid: number): Promise<number> {
  const line = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** Nearest-rank quantile; NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Milliseconds of `count` appends of 3 KB each followed by fdatasync, in the directory. */
export async function syncTimes(directory: string, count: number): Promise<readonly number[]> {
  const folder = await mkdtemp(join(directory, 'sync-'));
  const file = await open(join(folder, 'probe'), 'a');
  const bytes = Buffer.alloc(3000, 1);
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    await file.write(bytes);
    const at = performance.now();
    await file.datasync();
    times.push(performance.now() - at);
  }
  await file.close();
  await rm(folder, { recursive: true });
  return times;
}

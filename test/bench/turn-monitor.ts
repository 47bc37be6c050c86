/**
 * Preloaded into a daemon (`NODE_OPTIONS=--import`): at each SIGUSR2 writes to `SLUICE_TURNS` the most CPU milliseconds that the main
 * thread took between two turns of its event loop since the last time. CPU time, because a busy machine stretches wall time.
 */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env['SLUICE_TURNS'];
if (isMainThread && file !== undefined) {
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = cpuMs();
  let worst = 0;
  setInterval(() => {
    const now = cpuMs();
    worst = Math.max(worst, now - last);
    last = now;
  }, 2).unref();
  process.on('SIGUSR2', () => {
    writeFileSync(file, worst.toFixed(1));
    worst = 0;
  });
}

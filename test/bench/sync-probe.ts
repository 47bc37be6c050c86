/** Child of the ingest benchmark: how long the disk takes to sync a small append while somebody else uses it. Arguments: directory, seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { syncTimes } from './measure.ts';

const [directory, seconds] = process.argv.slice(2);
if (directory === undefined || seconds === undefined) throw new Error('usage: sync-probe DIRECTORY SECONDS');
const end = performance.now() + Number(seconds) * 1000;
const times: number[] = [];
while (performance.now() < end) {
  times.push(...(await syncTimes(directory, 1)));
  await sleep(20);
}
process.stdout.write(JSON.stringify(times));

/** What a disk can do short of dying with the process: syncs that fail, space that ends, a process that stands still. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReaderEngine } from '../engines/harness.ts';
import { closeReaders, openReaders } from '../engines/readers.ts';
import { Daemon, type Fault } from '../support/daemon/daemon.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTable, verify, withDaemon } from './campaign.ts';
import { Ledger } from './ledger.ts';
import { produce, type ProducerPlan } from './producers.ts';

const YAML = 'checkpoint: { interval: 150ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const plan: ProducerPlan = { tables: ['disk.a', 'disk.b'], producers: 4, maxRecords: 40, maxTextBytes: 2_000 };

let engines: readonly ReaderEngine[] = [];
beforeAll(async () => {
  engines = await openReaders(['pyiceberg']);
});
afterAll(() => closeReaders(engines));

async function rowsOf(metadata: string, column: string): Promise<readonly unknown[]> {
  const answer = await engines[0]?.read({ metadata, mode: 'rows', columns: [column] });
  if (answer?.kind !== 'rows') throw new Error(`pyiceberg: ${JSON.stringify(answer)}`);
  return answer.rows.map((row) => row[column]);
}

const judges = {
  read: async (_table: string, metadata: string) => (await rowsOf(metadata, 'id')).map(Number),
  readLetters: async (_table: string, metadata: string) =>
    (await rowsOf(metadata, 'original')).map((hex) => Buffer.from(String(hex), 'hex').toString()),
};

/** Loads one life of a daemon for a while, with `during` in the middle, then ends it by kill -9. */
async function life(
  directory: string,
  ledger: Ledger,
  seed: number,
  ms: number,
  fault?: Fault,
  during?: (daemon: Daemon) => Promise<void>,
): Promise<void> {
  const daemon = await Daemon.start({ directory, yaml: YAML }, fault);
  const url = await daemon.url;
  const stop = new AbortController();
  const load = produce(url, plan, ledger, seed, stop.signal);
  await sleep(ms / 2);
  await during?.(daemon);
  await sleep(ms / 2);
  stop.abort();
  await daemon.kill();
  await load;
}

async function withTables(directory: string): Promise<void> {
  await withDaemon({ setup: { directory, yaml: YAML } }, async (url) => {
    for (const table of plan.tables) await createTable(url, table);
  });
}

test.each([
  ['one failed fdatasync', 'fdatasync:error=EIO:when=40'],
  ['every fifth fdatasync fails', 'fdatasync:error=EIO:when=40+5'],
  ['one failed fsync', 'fsync:error=EIO:when=30'],
  ['full disk for one write', 'pwritev:error=ENOSPC:when=30'],
])('%s: nothing acknowledged is lost or doubled', async (_name, fault) => {
  const folder = await temporaryFolder();
  const ledger = new Ledger();
  await withTables(folder.path);
  await life(folder.path, ledger, 1, 3_000, fault);
  await life(folder.path, ledger, 2, 500);
  expect(await verify({ setup: { directory: folder.path, yaml: YAML }, plan, ...judges }, ledger)).toEqual([]);
  expect(ledger.acknowledgedRecords).toBeGreaterThan(100);
  await folder.remove();
});

test('a volume that runs full refuses records and takes them again once there is room', async () => {
  const folder = await temporaryFolder();
  const volume = `${folder.path}/volume`;
  execFileSync('mkdir', [volume]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', volume]);
  try {
    const ledger = new Ledger();
    await withTables(volume);
    await life(volume, ledger, 1, 6_000);
    const refused = ledger.requests.filter((request) => !request.acknowledged).length;
    const before = ledger.acknowledgedRecords;
    expect(refused).toBeGreaterThan(0);
    execFileSync('mount', ['-o', 'remount,size=256m', volume]);
    await life(volume, ledger, 2, 2_000);
    expect(ledger.acknowledgedRecords).toBeGreaterThan(before);
    expect(await verify({ setup: { directory: volume, yaml: YAML }, plan, ...judges }, ledger)).toEqual([]);
  } finally {
    execFileSync('umount', ['-l', volume]);
    await folder.remove();
  }
});

test('a daemon that is stopped for three seconds goes on as if nothing had been', async () => {
  const folder = await temporaryFolder();
  const ledger = new Ledger();
  await withTables(folder.path);
  await life(folder.path, ledger, 1, 1_000, undefined, async (daemon) => {
    daemon.signal('SIGSTOP');
    await sleep(3_000);
    daemon.signal('SIGCONT');
  });
  expect(await verify({ setup: { directory: folder.path, yaml: YAML }, plan, ...judges }, ledger)).toEqual([]);
  expect(ledger.acknowledgedRecords).toBeGreaterThan(100);
  await folder.remove();
});

/** Promises of the audit log: in order, bounded on disk, bursts of denials counted and not written one by one, readable from the end. */
import { appendFile, mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LineFile } from '../../../src/access/line-file.ts';
import { AuditLog } from '../../../src/access/audit-log.ts';
import type { AuditEvent } from '../../../src/contracts/access.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
let path: string;
let lost: number;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'audit.log');
  lost = 0;
});
afterEach(() => folder.remove());

const bounds = { maxFileBytes: 64 * 1024, maxFiles: 3 };
const open = (): AuditLog =>
  new AuditLog(new LineFile(path, bounds), testRuntime().clock, (lines) => void (lost += lines));
const flush = (number: number): AuditEvent => ({ who: 'key:a', action: `flush ${number}`, outcome: 'done' });
const denial = (client: string): AuditEvent => ({
  who: 'unknown',
  client,
  action: 'GET /x',
  outcome: 'denied',
  requestId: 'r',
});
const actions = (lines: readonly Readonly<Record<string, unknown>>[]): unknown[] => lines.map(({ action }) => action);

test('a line says when, who, what, where and what came of it', async () => {
  const log = open();
  log.record({
    who: 'key:a',
    client: '::1',
    action: 'POST /x',
    table: 'a.b',
    requestId: 'req_1',
    outcome: 'failed',
    detail: 'unavailable',
  });
  await log.close();
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
    at: '2023-11-14T22:13:20.000Z',
    who: 'key:a',
    client: '::1',
    action: 'POST /x',
    table: 'a.b',
    outcome: 'failed',
    request_id: 'req_1',
    detail: 'unavailable',
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('text from outside stays within its line', async () => {
  const log = open();
  log.record({ ...flush(1), table: 'a\n{"who":"key:forged"}' });
  await log.close();
  expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(1);
});

test('the latest come first, over the edge of files, as many as are asked for', async () => {
  const log = open();
  for (let number = 0; number < 1500; number += 1) log.record(flush(number));
  expect(actions(await log.latest(3))).toEqual(['flush 1499', 'flush 1498', 'flush 1497']);
  for (let number = 1500; number < 1510; number += 1) log.record(flush(number));
  const all = await log.latest(1000);
  expect(actions(all)).toEqual(Array.from({ length: 1000 }, (_, index) => `flush ${1509 - index}`));
});

test('whatever is recorded, the disk holds no more than the files allowed, and the newest are there', async () => {
  const log = open();
  for (let number = 0; number < 4000; number += 1) log.record(flush(number));
  await log.close();
  const files = await readdir(folder.path);
  expect(files.sort()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2']);
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder.path, name))).size));
  for (const size of sizes) expect(size).toBeLessThanOrEqual(bounds.maxFileBytes);
  expect(actions(await open().latest(1))).toEqual(['flush 3999']);
});

test('a line that a crash cut is left out, and the next is not', async () => {
  await appendFile(path, '{"action":"whole"}\n{"action":"cut');
  const log = open();
  expect(actions(await log.latest(10))).toEqual(['whole']);
  log.record(flush(1));
  expect(actions(await log.latest(10))).toEqual(['flush 1', 'whole']);
});

describe('denials', () => {
  test('of one kind: the first at once, the others as a count when the window ends', async () => {
    const log = open();
    for (let burst = 0; burst < 10_000; burst += 1) log.record(denial('203.0.113.9'));
    expect(await log.latest(10)).toMatchObject([{ outcome: 'denied', request_id: 'r' }]);
    log.endWindow();
    const [counted, ...rest] = await log.latest(10);
    expect(counted).toMatchObject({ who: 'unknown', client: '203.0.113.9', repeats: 9_999 });
    expect(counted).not.toHaveProperty('request_id');
    expect(rest).toHaveLength(1);
    log.endWindow();
    expect(await log.latest(10)).toHaveLength(2);
  });

  test('of many kinds: so many a window, the rest counted together', async () => {
    const log = open();
    for (let client = 0; client < 5_000; client += 1) log.record(denial(`client ${client}`));
    log.endWindow();
    const lines = await log.latest(1000);
    expect(lines).toHaveLength(101);
    expect(lines[0]).toMatchObject({ who: 'various', outcome: 'denied', repeats: 4_900 });
  });

  test('what was done is never folded', async () => {
    const log = open();
    for (let number = 0; number < 10; number += 1) log.record(flush(1));
    expect(await log.latest(100)).toHaveLength(10);
  });
});

test('a log that cannot be written is told, with how much is lost, and stops nobody', async () => {
  await mkdir(path);
  const log = open();
  for (let number = 0; number < 5; number += 1) log.record(flush(number));
  await log.close();
  expect(lost).toBe(5);
});

/** Files that waited long may have been taken by an orphan cleaner: no attempt carries one that may be gone (protocol §4, §8). */
import { expect, test } from 'vitest';
import { filesStillThere, type UploadedFiles } from '../../../src/commit/file-age.ts';

import type { Locations } from '../../../src/contracts/locations.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import { systemClock } from '../../../src/core/runtime.ts';

const HOUR = 3_600_000;
const uploaded = {
  files: [
    { filePath: 'mem://a', fileSizeInBytes: 5n },
    { filePath: 'mem://b', fileSizeInBytes: 5n },
  ],
  uploadedAt: 0,
} as unknown as UploadedFiles;

const asked = (now: number, sizes: Record<string, bigint>, onHead: () => void = () => undefined, later = now) => {
  const keys: string[] = [];
  let time = now;
  const clock: Clock = { ...systemClock, now: () => time };
  const store = {
    head: (key: string) => {
      keys.push(key);
      onHead();
      time = later;
      return Promise.resolve(sizes[key] === undefined ? undefined : { size: sizes[key] });
    },
  };
  const locations = { resolve: (uri: string) => ({ store, key: uri }) } as unknown as Locations;
  return { there: filesStillThere(locations, uploaded, clock), keys };
};

test('young files are believed, old ones are asked for, each', async () => {
  const young = asked(HOUR - 1, {});
  expect(await young.there).toBe(true);
  expect(young.keys).toEqual([]);
  const old = asked(HOUR, { 'mem://a': 5n, 'mem://b': 5n });
  expect(await old.there).toBe(true);
  expect(old.keys).toEqual(['mem://a', 'mem://b']);
});

test('one that is gone, or is another size, is enough', async () => {
  expect(await asked(2 * HOUR, { 'mem://a': 5n }).there).toBe(false);
  expect(await asked(2 * HOUR, { 'mem://a': 5n, 'mem://b': 6n }).there).toBe(false);
});

test('at a third of the age gate nothing is asked any more, nor believed if the machine slept while it asked', async () => {
  const ancient = asked(24 * HOUR, { 'mem://a': 5n, 'mem://b': 5n });
  expect(await ancient.there).toBe(false);
  expect(ancient.keys).toEqual([]);
  expect(await asked(2 * HOUR, { 'mem://a': 5n, 'mem://b': 5n }, undefined, 87 * HOUR).there).toBe(false);
});

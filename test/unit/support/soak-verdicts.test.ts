/** What the soak calls a leak, on samples that are made up: a soak that finds nothing must be one that would have found it. */
import { describe, expect, test } from 'vitest';
import { LogLines } from '../../soak/log-lines.ts';
import type { Sample } from '../../soak/sample.ts';
import { verdicts } from '../../soak/verdicts.ts';

const MiB = 2 ** 20;
const ALLOWED = { segmentBytes: MiB, logBytes: 48 * MiB, engineBytes: 320 * MiB, ownObjectsATable: 30 };
const FLAT: Sample = {
  at: 0,
  rssBytes: 350 * MiB,
  heapBytes: 80 * MiB,
  nativeBytes: 150 * MiB,
  threads: 13,
  sockets: 20,
  files: 34,
  logBytes: 2 * MiB,
  segments: 2,
  spoolBytes: 4_000,
  ownObjects: 60,
  tableFiles: 100,
  metadataBytes: 1_000,
  loopDelaySeconds: 0.02,
  freshnessSeconds: 0.5,
  commits: 100,
  plainSeries: 60,
  tables: new Set(['soak.a', 'soak.b']),
};
const REST: Sample = { ...FLAT, spoolBytes: 0, segments: 1, sockets: 5, files: 32 };

/** 300 samples; `change` is given the part of the soak that is over. */
const soaked = (change: (part: number) => Partial<Sample>): readonly Sample[] =>
  Array.from({ length: 300 }, (_, index) => ({ ...FLAT, at: index, ...change(index / 300) }));
const judge = (change: (part: number) => Partial<Sample>, after: Partial<Sample> = {}, keptAtEnd = 60 * MiB) =>
  verdicts(
    soaked(change),
    { afterFirstThird: 55 * MiB, atEnd: keptAtEnd },
    { before: REST, after: { ...REST, ...after } },
    ALLOWED,
  );

test('what swings and what warms up in the first third is no leak', () => {
  expect(judge((part) => ({ nativeBytes: (150 + 15 * Math.sin(part * 60)) * MiB }))).toEqual([]);
  expect(
    judge((part) => ({ nativeBytes: Math.min(1, 0.5 + 1.5 * part) * 150 * MiB, plainSeries: part < 0.3 ? 20 : 60 })),
  ).toEqual([]);
});

describe('what grows is found', () => {
  test.each<[string, (part: number) => Partial<Sample>]>([
    ['nativeBytes', (part) => ({ nativeBytes: (150 + 800 * part) * MiB })],
    ['nativeBytes', (part) => ({ at: 900 * part, nativeBytes: (150 + 120 * part) * MiB })],
    ['threads', (part) => ({ threads: Math.round(13 + 12 * part) })],
    ['files', (part) => ({ files: Math.round(34 + 30 * part) })],
    ['sockets', (part) => ({ sockets: Math.round(20 + 40 * part) })],
    ['plainSeries', (part) => ({ plainSeries: Math.round(60 + 60 * part) })],
    ['log', (part) => ({ logBytes: (2 + 30 * part) * MiB })],
  ])('%s', (figure, change) => {
    expect(judge(change)).toEqual([expect.stringContaining(figure)]);
  });
});

test('objects that outlive a full collection are found', () => {
  expect(judge(() => ({}), {}, 80 * MiB)).toEqual([expect.stringContaining('objects')]);
});

test('what is left at rest is found', () => {
  expect(judge(() => ({}), { spoolBytes: 10, segments: 3, files: 40, sockets: 9, ownObjects: 61 })).toEqual([
    expect.stringContaining('segments of the log'),
    expect.stringContaining('spool'),
    expect.stringContaining('files are open'),
    expect.stringContaining('sockets are open'),
    expect.stringContaining('objects of its own'),
  ]);
});

test('a record that waits for a minute is found', () => {
  expect(judge((part) => ({ freshnessSeconds: part === 0.5 ? 61 : 0.5 }))).toEqual([expect.stringContaining('61 s')]);
});

test('errors and texts that are no log lines are unexpected, also when they come in pieces; warnings are counted', () => {
  const lines = new LogLines();
  const warning = '{"level":"warn","msg":"slow request"}\n';
  for (const piece of [warning, '{"level":"err', 'or","msg":"broken"}\nTypeError: x\n', warning, 'SIGTERM: stopping\n'])
    lines.add(piece);
  expect(lines.unexpected).toEqual(['{"level":"error","msg":"broken"}', 'TypeError: x']);
  expect([...lines.warnings]).toEqual([['slow request', 2]]);
});

import { describe, expect, test } from 'vitest';
import {
  formatDuration,
  formatSize,
  parseCount,
  parseDuration,
  parseListen,
  parseSize,
} from '../../../src/config/units.ts';
import { nearest } from '../../../src/config/suggest.ts';

describe('text with units', () => {
  test.each([
    ['10s', 10_000],
    ['250ms', 250],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    [0, 0],
    ['0', 0],
    [10, undefined],
    ['10', undefined],
    ['-1s', undefined],
    ['1.5ms', undefined],
    ['10 parsecs', undefined],
    [null, undefined],
  ])('duration %j is %j ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

  test.each([
    ['256MiB', 268_435_456],
    ['1.5GB', 1_500_000_000],
    ['64KiB', 65_536],
    ['12', 12],
    [12, 12],
    ['1.5', undefined],
    ['0.3B', undefined],
    ['9999999TiB', undefined],
    ['12mib', undefined],
    [-1, undefined],
  ])('size %j is %j bytes', (text, expected) => expect(parseSize(text)).toBe(expected));

  test.each([
    ['1_000_000', 1_000_000],
    [5, 5],
    ['5', 5],
    ['1_00', undefined],
    [1.5, undefined],
    ['', undefined],
  ])('count %j is %j', (text, expected) => expect(parseCount(text)).toBe(expected));

  test.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['localhost:65536', undefined],
    [':8080', undefined],
    ['8080', undefined],
    ['::1:8080', undefined],
  ])('listen %j', (text, expected) => expect(parseListen(text)).toEqual(expected));

  test('printing chooses the largest whole unit', () => {
    expect([formatSize(2 ** 31), formatSize(1025), formatDuration(90_000), formatDuration(3_600_000)]).toEqual([
      '2GiB',
      '1025B',
      '90s',
      '1h',
    ]);
  });
});

test.each([
  ['sever', 'server'],
  ['serevr', 'server'],
  ['Checkpoint', 'checkpoint'],
  ['checkpiont', 'checkpoint'],
  ['xyz', undefined],
  ['log', 'log'],
])('the nearest of the known words to %s is %s', (word, expected) => {
  expect(nearest(word, ['server', 'checkpoint', 'log'])).toBe(expected);
});

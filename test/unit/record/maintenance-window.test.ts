/** Maintenance windows: what they say, by the clock on the wall, over midnight and over the change to summer time. */
import { expect, test } from 'vitest';
import { isOpen, isTimeZone, parseWindow, type MaintenanceWindow } from '../../../src/record/maintenance-window.ts';

const DAY = 24 * 60;
const ALL = [0, 1, 2, 3, 4, 5, 6];

test.each<readonly [string, MaintenanceWindow]>([
  ['22:00-06:00', { days: ALL, fromMinute: 22 * 60, toMinute: 6 * 60 }],
  ['mon-fri 22:00-06:00', { days: [1, 2, 3, 4, 5], fromMinute: 22 * 60, toMinute: 6 * 60 }],
  ['sat,sun', { days: [0, 6], fromMinute: 0, toMinute: DAY }],
  ['fri-mon', { days: [0, 1, 5, 6], fromMinute: 0, toMinute: DAY }],
  ['Mon,wed-thu 01:30-02:00', { days: [1, 3, 4], fromMinute: 90, toMinute: 120 }],
  ['18:00-00:00', { days: ALL, fromMinute: 18 * 60, toMinute: DAY }],
  ['18:00-24:00', { days: ALL, fromMinute: 18 * 60, toMinute: DAY }],
])('%s', (text, window) => {
  expect(parseWindow(text)).toEqual(window);
});

test.each([
  '',
  'always',
  '25:00-26:00',
  '22:60-23:00',
  '22:00-22:00',
  '9:00-17:00',
  'mon-fri at night',
  'mon-',
  '-fri',
  'mon-wed-fri',
  'mon, tue',
])('"%s" is none', (text) => {
  expect(parseWindow(text)).toBeUndefined();
});

const openAt = (zone: string, at: string, ...windows: readonly string[]): boolean =>
  isOpen(
    windows.map((text) => parseWindow(text)).filter((window) => window !== undefined),
    zone,
    Date.parse(at),
  );

test('a window over midnight belongs to the day on which it begins', () => {
  // A Friday and the days after it.
  const weekdays = 'mon-fri 22:00-06:00';
  expect(openAt('UTC', '2026-11-27T21:59:59Z', weekdays)).toBe(false);
  expect(openAt('UTC', '2026-11-27T22:00:00Z', weekdays)).toBe(true);
  expect(openAt('UTC', '2026-11-28T05:59:59Z', weekdays)).toBe(true);
  expect(openAt('UTC', '2026-11-28T06:00:00Z', weekdays)).toBe(false);
  expect(openAt('UTC', '2026-11-28T23:00:00Z', weekdays)).toBe(false);
  expect(openAt('UTC', '2026-11-30T05:00:00Z', weekdays)).toBe(false);
  expect(openAt('UTC', '2026-11-28T23:00:00Z', weekdays, 'sat,sun')).toBe(true);
});

test('hours and days are those of the time zone, in summer and in winter', () => {
  const night = '02:00-04:00';
  expect(openAt('Europe/Berlin', '2026-11-25T01:00:00Z', night)).toBe(true);
  expect(openAt('Europe/Berlin', '2026-07-25T01:00:00Z', night)).toBe(true);
  expect(openAt('Europe/Berlin', '2026-07-25T00:30:00Z', night)).toBe(true);
  expect(openAt('Europe/Berlin', '2026-11-25T00:30:00Z', night)).toBe(false);
  // Monday in Tokyo, Sunday in UTC.
  expect(openAt('Asia/Tokyo', '2026-11-29T16:00:00Z', 'mon')).toBe(true);
  // The hour from two to three does not exist on this day.
  expect(openAt('Europe/Berlin', '2026-03-29T01:00:00Z', night)).toBe(true);
  expect(openAt('Europe/Berlin', '2026-03-29T00:59:59Z', night)).toBe(false);
});

test('without windows it is always open', () => {
  expect(openAt('UTC', '2026-11-25T12:00:00Z')).toBe(true);
});

test('time zones are those that there are', () => {
  expect(['UTC', 'Europe/Berlin', 'America/New_York'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['Berlin', '', 'Europe/Atlantis'].map(isTimeZone)).toEqual([false, false, false]);
});

/** Promises of scopes: their text form, and who may do what on which table. */
import { describe, expect, test } from 'vitest';
import {
  allows,
  allowsEverywhere,
  allowsSomewhere,
  formatScope,
  parseScope,
  type Scope,
} from '../../../src/record/scopes.ts';
import { scopesOf } from '../../support/access.ts';

describe('text', () => {
  test.each(['append', 'read:web.*', 'maintain:a.b.c', 'admin:*__dead_letters'])('%s comes back as it was', (text) => {
    const scope = parseScope(text);
    expect(scope === undefined ? undefined : formatScope(scope)).toBe(text);
  });

  test('a grant alone is on every table', () => {
    expect(parseScope('read')).toEqual(parseScope('read:*'));
  });

  test.each(['', 'write', 'Read', 'read:', ':web.*', 'read: web', 'read:a:b', 'read:a/b', `read:${'x'.repeat(256)}`])(
    '"%s" is none',
    (text) => {
      expect(parseScope(text)).toBeUndefined();
    },
  );
});

describe('tables', () => {
  test.each<[string, string, boolean]>([
    ['web.clicks', 'web.clicks', true],
    ['web.clicks', 'web.clicks2', false],
    ['web.*', 'web.clicks', true],
    ['web.*', 'web.eu.clicks', true],
    ['web.*', 'website.clicks', false],
    ['*.clicks', 'a.b.clicks', true],
    ['web.*s', 'web.clicks', true],
    ['web.*s', 'web.s', true],
    ['w*b.*c*s', 'web.clicks', true],
    ['ab*ba', 'aba', false],
    ['*x*', 'web.clicks', false],
    ['w.b.*', 'web.clicks', false],
    ['', 'web.clicks', false],
  ])('%s and %s: %s', (tables, name, matches) => {
    expect(allows([{ grant: 'read', tables }], 'read', name)).toBe(matches);
  });

  test('a glob of many stars costs no more than the name is long', () => {
    const scope: Scope = { grant: 'read', tables: '*a'.repeat(120) };
    const started = performance.now();
    for (let round = 0; round < 1000; round += 1) allows([scope], 'read', `${'a'.repeat(119)}b`);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('grants', () => {
  test('admin gives all, the others themselves alone', () => {
    expect(allows(scopesOf('admin:web.*'), 'append', 'web.clicks')).toBe(true);
    expect(allows(scopesOf('maintain'), 'read', 'web.clicks')).toBe(false);
    expect(allows(scopesOf('append', 'maintain'), 'read', 'web.clicks')).toBe(false);
  });

  test('everywhere is a grant on all tables, not one on some', () => {
    expect(allowsEverywhere(scopesOf('read:web.*', 'read:shop.*'), 'read')).toBe(false);
    expect(allowsEverywhere(scopesOf('read'), 'read')).toBe(true);
    expect(allowsEverywhere(scopesOf('admin'), 'read')).toBe(true);
  });

  test('somewhere is a grant on any', () => {
    expect(allowsSomewhere(scopesOf('read:web.*'), 'read')).toBe(true);
    expect(allowsSomewhere(scopesOf('append'), 'read')).toBe(false);
    expect(allowsSomewhere([], 'read')).toBe(false);
  });
});

/** Promises of API keys and their file: only hashes on disk, one verdict for every wrong key, overlap, and no change that is lost or half done. */
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeKey, type ApiKey } from '../../../src/access/api-key.ts';
import { createKey, describeChange, revokeKey, rotateKey } from '../../../src/access/key-changes.ts';
import { changeKeyFile, readKeyFile } from '../../../src/access/key-file.ts';
import { scopesOf } from '../../support/access.ts';
import { seededRandom } from '../../support/sim-disk/seeded-random.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const random = seededRandom(7);
const NOW = Date.UTC(2026, 10, 25);
const HOUR = 3_600_000;

const made = (keys: readonly ApiKey[] = []) =>
  createKey(keys, { name: 'edge', scopes: scopesOf('append:web.*', 'read'), limits: {} }, NOW, random);
const judge = (text: string | undefined, keys: readonly ApiKey[], now = NOW): string =>
  judgeKey(text ?? '', new Map(keys.map((key) => [key.id, key])), now).kind;

describe('a key', () => {
  test('is good as it was printed, and in no other way', () => {
    const { keys, secret = '' } = made();
    expect(judge(secret, keys)).toBe('good');
    for (const text of ['', 'sk_', secret.toUpperCase(), ` ${secret}`, `${secret}0`, secret.slice(0, -1)])
      expect(judge(text, keys)).toBe('wrong');
  });

  test('has 256 random bits', () => {
    expect(made().secret).toMatch(/^sk_[0-9a-f]{12}_[0-9a-f]{64}$/);
    expect(made().secret).not.toBe(made().secret);
  });

  test('equal secrets do not look alike in the file', () => {
    const { keys } = made(made().keys);
    expect(new Set(keys.map(({ secret }) => secret.salt)).size).toBe(2);
  });

  test('ends when it expires, and when it is revoked', () => {
    const { keys, key, secret } = made();
    const expiring = [{ ...key, expiresAt: NOW + HOUR }];
    expect(judge(secret, expiring, NOW + HOUR - 1)).toBe('good');
    expect(judge(secret, expiring, NOW + HOUR)).toBe('lapsed');
    const revoked = revokeKey(keys, key.id, NOW);
    expect(revoked.kind === 'changed' && judge(secret, revoked.keys)).toBe('lapsed');
  });

  test('rotated: both secrets are good during the overlap, then the new one', () => {
    const { keys, key, secret: old } = made();
    const rotated = rotateKey(keys, key.id, HOUR, NOW, random);
    if (rotated.kind !== 'changed') throw new Error(rotated.kind);
    expect(judge(old, rotated.keys, NOW + HOUR - 1)).toBe('good');
    expect(judge(old, rotated.keys, NOW + HOUR)).toBe('lapsed');
    expect(judge(rotated.secret, rotated.keys, NOW + HOUR)).toBe('good');
    expect(rotated.key).toMatchObject({ id: key.id, scopes: key.scopes });
  });

  test('rotated twice: the first secret is gone at once', () => {
    const { keys, key, secret } = made();
    const once = rotateKey(keys, key.id, HOUR, NOW, random);
    const twice = once.kind === 'changed' ? rotateKey(once.keys, key.id, HOUR, NOW, random) : once;
    expect(twice.kind === 'changed' && judge(secret, twice.keys)).toBe('wrong');
  });

  test('that has ended is not rotated, one that is not there is not found', () => {
    const { keys, key } = made();
    const revoked = revokeKey(keys, key.id, NOW);
    expect(rotateKey(revoked.kind === 'changed' ? revoked.keys : [], key.id, 0, NOW, random)).toEqual({
      kind: 'ended',
      state: 'revoked',
    });
    expect(rotateKey(keys, 'nobody', 0, NOW, random).kind).toBe('no-such-key');
    expect(revokeKey(keys, 'nobody', NOW).kind).toBe('no-such-key');
  });
});

test('a change of the file is told by ids', () => {
  const { keys: before, key } = made();
  const second = made(before);
  const revoked = revokeKey(second.keys, key.id, NOW);
  expect(describeChange(before, second.keys)).toBe(`created ${second.key.id}`);
  expect(describeChange(before, revoked.kind === 'changed' ? revoked.keys : [])).toBe(
    `revoked ${key.id}, created ${second.key.id}`,
  );
  expect(describeChange(second.keys, before)).toBe(`removed ${second.key.id}`);
  expect(describeChange(before, before)).toBeUndefined();
});

describe('the file', () => {
  let folder: TemporaryFolder;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'sub', 'keys.yaml');
  });
  afterEach(() => folder.remove());

  test('gives back what was put in, and holds no secret', async () => {
    const { keys, key, secret = '' } = made();
    const rotated = rotateKey(keys, key.id, HOUR, NOW, random);
    const all =
      rotated.kind === 'changed'
        ? [{ ...rotated.key, expiresAt: NOW, revokedAt: NOW, limits: { requestsPerSecond: 5 } }]
        : [];
    changeKeyFile(path, () => all);
    expect(readKeyFile(path)).toEqual(all);
    const text = await readFile(path, 'utf8');
    for (const shown of [secret, rotated.kind === 'changed' ? (rotated.secret ?? '') : ''])
      expect(text).not.toContain(shown.slice(-64));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder.path, 'sub'))).toEqual(['keys.yaml']);
  });

  test('that is not there is no file; one change builds on the other', () => {
    expect(readKeyFile(path)).toBeUndefined();
    changeKeyFile(path, (keys) => made(keys).keys);
    changeKeyFile(path, (keys) => made(keys).keys);
    expect(readKeyFile(path)).toHaveLength(2);
  });

  test('may be JSON', async () => {
    await mkdir(join(folder.path, 'sub'));
    await writeFile(path, '{"version":1,"keys":[]}');
    expect(readKeyFile(path)).toEqual([]);
  });

  test('a failed change leaves the file as it was, and no lock', () => {
    changeKeyFile(path, (keys) => made(keys).keys);
    const before = readKeyFile(path);
    expect(() =>
      changeKeyFile(path, () => {
        throw new Error('changed my mind');
      }),
    ).toThrow('changed my mind');
    expect(readKeyFile(path)).toEqual(before);
    changeKeyFile(path, () => []);
    expect(readKeyFile(path)).toEqual([]);
  });

  test('two changes at once: the second is told to come again, and what to do when nobody is there', () => {
    changeKeyFile(path, () => {
      expect(() => changeKeyFile(path, (keys) => made(keys).keys)).toThrow(
        expect.objectContaining({
          kind: 'unavailable',
          remedy: expect.stringContaining(`remove ${path}.lock`) as string,
        }),
      );
      return [];
    });
    expect(readKeyFile(path)).toEqual([]);
  });

  test.each([
    ['no YAML', '{'],
    ['no version', 'keys: []'],
    ['an unknown member', 'version: 1\nkeys: []\nmore: 1'],
    [
      'no scope',
      `version: 1\nkeys: [{id: "0123456789ab", scopes: [write], salt: "${'00'.repeat(16)}", hash: "${'00'.repeat(32)}", created: 2026-11-25T00:00:00Z}]`,
    ],
    [
      'a short hash',
      `version: 1\nkeys: [{id: "0123456789ab", scopes: [], salt: "00", hash: "00", created: "2026-11-25T00:00:00Z"}]`,
    ],
  ])('%s: refused with its name and what to do', async (_what, text) => {
    await mkdir(join(folder.path, 'sub'));
    await writeFile(path, text);
    expect(() => readKeyFile(path)).toThrow(
      expect.objectContaining({ kind: 'misconfigured', message: expect.stringContaining(path) as string }),
    );
  });
});

/** What an operator does to keys, as values: from the keys there are to the keys there will be. Owns no file and no clock. */
import type { RateLimits } from '../contracts/access.ts';
import type { Random } from '../core/runtime.ts';
import type { Scope } from '../record/scopes.ts';
import { newKeyId, newSecret, stateOf, type ApiKey } from './api-key.ts';

export type KeyChange =
  | { readonly kind: 'changed'; readonly keys: readonly ApiKey[]; readonly key: ApiKey; readonly secret?: string }
  | { readonly kind: 'no-such-key' }
  /** Revoked or expired: nothing brings it back. */
  | { readonly kind: 'ended'; readonly state: 'revoked' | 'expired' };

export interface NewKey {
  readonly name?: string | undefined;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: number | undefined;
  readonly limits: RateLimits;
}

export function createKey(
  keys: readonly ApiKey[],
  wanted: NewKey,
  now: number,
  random: Random,
): Extract<KeyChange, { kind: 'changed' }> {
  const taken = new Set(keys.map(({ id }) => id));
  let id = newKeyId(random);
  while (taken.has(id)) id = newKeyId(random);
  const { stored, text } = newSecret(id, random);
  const key: ApiKey = { id, ...wanted, secret: stored, createdAt: now };
  return { kind: 'changed', keys: [...keys, key], key, secret: text };
}

/** The key stays in the file without its hashes' use, so that its id is never given again and lists show what became of it. */
export function revokeKey(keys: readonly ApiKey[], id: string, now: number): KeyChange {
  return change(keys, id, (key) => ({ ...key, revokedAt: key.revokedAt ?? now }));
}

/** A new secret under the same id, scopes and limits; the one before goes on for `overlapMs`. An older one still ends now. */
export function rotateKey(
  keys: readonly ApiKey[],
  id: string,
  overlapMs: number,
  now: number,
  random: Random,
): KeyChange {
  const key = keys.find((candidate) => candidate.id === id);
  if (key === undefined) return { kind: 'no-such-key' };
  const state = stateOf(key, now);
  if (state !== 'active') return { kind: 'ended', state };
  const { stored, text } = newSecret(id, random);
  const changed = change(keys, id, ({ previous: _ended, ...rest }) => ({
    ...rest,
    secret: stored,
    ...(overlapMs > 0 ? { previous: { ...key.secret, until: now + overlapMs } } : {}),
  }));
  return changed.kind === 'changed' ? { ...changed, secret: text } : changed;
}

function change(keys: readonly ApiKey[], id: string, apply: (key: ApiKey) => ApiKey): KeyChange {
  const key = keys.find((candidate) => candidate.id === id);
  if (key === undefined) return { kind: 'no-such-key' };
  const changed = apply(key);
  return { kind: 'changed', keys: keys.map((candidate) => (candidate === key ? changed : candidate)), key: changed };
}

/** Ids by what happened to them between two states of the file: for the audit log. Undefined when nothing did. */
export function describeChange(before: readonly ApiKey[], after: readonly ApiKey[]): string | undefined {
  const old = new Map(before.map((key) => [key.id, key]));
  const kept = new Set(after.map(({ id }) => id));
  const words = [
    ...after.flatMap((key) => {
      const was = old.get(key.id);
      if (was === undefined) return [`created ${key.id}`];
      if (was.revokedAt === undefined && key.revokedAt !== undefined) return [`revoked ${key.id}`];
      if (was.secret.hash !== key.secret.hash) return [`rotated ${key.id}`];
      return JSON.stringify(was) === JSON.stringify(key) ? [] : [`changed ${key.id}`];
    }),
    ...before.filter(({ id }) => !kept.has(id)).map(({ id }) => `removed ${id}`),
  ];
  return words.length === 0 ? undefined : words.join(', ');
}

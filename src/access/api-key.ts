/**
 * API keys: `sk_<id>_<secret>`, of which only a salted hash is kept. Owns the text form, hashing and the verdict on one key; files are
 * `key-file.ts`.
 *
 * The secret is 256 random bits, so nobody finds it by trying, and a slow hash would only let strangers spend our processor time on
 * every request. SHA-256 over a salt of the key's own and the secret is enough: the file gives no secret back, and two keys never look
 * alike. Both parts have a fixed length, so that an HMAC would guard against nothing more (and its set-up costs ten times the hash).
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { RateLimits } from '../contracts/access.ts';
import { hex, type Random } from '../core/runtime.ts';
import type { Scope } from '../record/scopes.ts';

const ID_BYTES = 6;
const SALT_BYTES = 16;
const SECRET_BYTES = 32;
const KEY = /^sk_([0-9a-f]{12})_([0-9a-f]{64})$/;

/** Hexadecimal, both. */
export interface StoredSecret {
  readonly salt: string;
  readonly hash: string;
}

/** Times are milliseconds since 1970. */
export interface ApiKey {
  readonly id: string;
  readonly name?: string | undefined;
  readonly scopes: readonly Scope[];
  readonly secret: StoredSecret;
  /** The secret before the last rotation, good until then. */
  readonly previous?: (StoredSecret & { readonly until: number }) | undefined;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  readonly revokedAt?: number | undefined;
  readonly limits: RateLimits;
}

export interface FreshSecret {
  readonly stored: StoredSecret;
  /** Shown once and never kept. */
  readonly text: string;
}

export const newKeyId = (random: Random): string => hex(random.bytes(ID_BYTES));

export function newSecret(id: string, random: Random): FreshSecret {
  const secret = hex(random.bytes(SECRET_BYTES));
  const salt = hex(random.bytes(SALT_BYTES));
  return { stored: { salt, hash: hashOf(salt, secret).toString('hex') }, text: `sk_${id}_${secret}` };
}

export type KeyVerdict =
  | { readonly kind: 'good'; readonly key: ApiKey }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'lapsed'; readonly id: string; readonly reason: string };

/** Stands in for a key that does not exist, so that an unknown id takes the same steps as a wrong secret. */
const NOBODY: StoredSecret = { salt: '00'.repeat(SALT_BYTES), hash: '00'.repeat(32) };

export function judgeKey(text: string, keys: ReadonlyMap<string, ApiKey>, now: number): KeyVerdict {
  const [, id = '', secret = ''] = KEY.exec(text) ?? [];
  const key = keys.get(id);
  // Both comparisons are always made: which secret was tried, and whether there is a key at all, do not show in the time taken.
  const current = isSecret(key?.secret ?? NOBODY, secret);
  const former = isSecret(key?.previous ?? NOBODY, secret);
  if (key === undefined || !(current || former)) return { kind: 'wrong' };
  const lapsed = lapseOf(key, current, now);
  return lapsed === undefined ? { kind: 'good', key } : { kind: 'lapsed', id, reason: lapsed };
}

export type KeyState = 'active' | 'expired' | 'revoked';

export function stateOf({ revokedAt, expiresAt }: ApiKey, now: number): KeyState {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active';
}

function lapseOf(key: ApiKey, current: boolean, now: number): string | undefined {
  const state = stateOf(key, now);
  if (state !== 'active') return state === 'revoked' ? 'the key was revoked' : 'the key has expired';
  return current || (key.previous?.until ?? 0) > now ? undefined : 'the key was rotated and its overlap has ended';
}

const isSecret = (stored: StoredSecret, secret: string): boolean =>
  timingSafeEqual(hashOf(stored.salt, secret), Buffer.from(stored.hash, 'hex'));

const hashOf = (salt: string, secret: string): Buffer => hash('sha256', salt + secret, 'buffer');

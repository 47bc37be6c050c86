/** Who a caller is: by API key, by client certificate, or anonymous where that is let in. Owns the rule for anonymous callers. */
import { isIPv6 } from 'node:net';
import type { Authentication, Authenticator, Caller, Principal, RateLimits } from '../contracts/access.ts';
import type { Clock } from '../core/runtime.ts';
import type { Scope } from '../record/scopes.ts';
import { judgeKey, type ApiKey } from './api-key.ts';

/** `until-keys`: this machine, while no key and no certificate is known. `loopback`: this machine, always. */
export type AnonymousRule = 'until-keys' | 'loopback' | 'never' | 'always';

export interface AuthenticatorOptions {
  readonly anonymous: AnonymousRule;
  /** Common name → what its holder may do. */
  readonly certificates: ReadonlyMap<string, readonly Scope[]>;
  /** Of keys that have none of their own, of certificates and of anonymous clients. */
  readonly limits: RateLimits;
}

const EVERYTHING: readonly Scope[] = [{ grant: 'admin', tables: '*' }];
const BEARER = /^Bearer +(\S+)$/i;

export class KeyAuthenticator implements Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #clock: Clock;
  #keys: ReadonlyMap<string, ApiKey> = new Map();
  /** Keys were seen in this life: losing the file later opens nothing. */
  #closed: boolean;

  constructor(options: AuthenticatorOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#closed = options.certificates.size > 0;
  }

  use(keys: readonly ApiKey[]): void {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    if (keys.length > 0) this.#closed = true;
  }

  authenticate(caller: Caller): Authentication {
    const stranger = { account: `address:${networkOf(caller.address)}`, limits: this.#options.limits };
    if (caller.authorization !== undefined) return this.#byKey(caller.authorization, stranger);
    const scopes = caller.commonName === undefined ? undefined : this.#options.certificates.get(caller.commonName);
    if (scopes !== undefined) {
      const id = `cert:${caller.commonName}`;
      return { kind: 'known', principal: { id, account: id, scopes, limits: this.#options.limits } };
    }
    return this.#anonymousMay(caller)
      ? { kind: 'known', principal: { id: 'anonymous', scopes: EVERYTHING, ...stranger } }
      : { kind: 'missing', ...stranger };
  }

  #byKey(authorization: string, stranger: Pick<Principal, 'account' | 'limits'>): Authentication {
    const verdict = judgeKey(BEARER.exec(authorization)?.[1] ?? '', this.#keys, this.#clock.now());
    if (verdict.kind !== 'good') return { ...verdict, ...stranger };
    const id = `key:${verdict.key.id}`;
    const limits = { ...this.#options.limits, ...verdict.key.limits };
    return { kind: 'known', principal: { id, account: id, scopes: verdict.key.scopes, limits } };
  }

  #anonymousMay({ local }: Caller): boolean {
    switch (this.#options.anonymous) {
      case 'always':
        return true;
      case 'never':
        return false;
      case 'loopback':
        return local();
      case 'until-keys':
        return !this.#closed && local();
    }
  }
}

/** One client has 2^64 addresses in IPv6: its network counts. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** Access as the daemon has it, on a clock of the test's own, with keys that the test makes; the audit trail is a list. */
import { createKey, revokeKey, rotateKey } from '../../src/access/key-changes.ts';
import type { ApiKey } from '../../src/access/api-key.ts';
import { KeyAuthenticator, type AuthenticatorOptions } from '../../src/access/authenticator.ts';
import { BucketLimiter } from '../../src/access/rate-limiter.ts';
import type { AccessPort, AuditEvent, RateLimits } from '../../src/contracts/access.ts';
import { parseScope, type Scope } from '../../src/record/scopes.ts';
import { testRuntime, type TestRuntime } from './sim-disk/test-runtime.ts';

export const scopesOf = (...texts: readonly string[]): readonly Scope[] =>
  texts.map((text) => {
    const scope = parseScope(text);
    if (scope === undefined) throw new Error(`"${text}" is no scope`);
    return scope;
  });

export interface MadeKey {
  readonly id: string;
  readonly text: string;
}

export class TestAccess implements AccessPort {
  readonly runtime: TestRuntime = testRuntime();
  readonly recorded: AuditEvent[] = [];
  readonly authenticator: KeyAuthenticator;
  readonly limiter: BucketLimiter;
  readonly audit: AccessPort['audit'] = {
    record: (event) => void this.recorded.push(event),
    latest: () => Promise.resolve([]),
  };
  #keys: readonly ApiKey[] = [];

  constructor(options: Partial<AuthenticatorOptions> = {}) {
    const complete = { anonymous: 'until-keys', certificates: new Map(), limits: {}, ...options } as const;
    this.authenticator = new KeyAuthenticator(complete, this.runtime.clock);
    this.limiter = new BucketLimiter(this.runtime.clock);
  }

  key(scopes: readonly string[], options: { readonly livesMs?: number; readonly limits?: RateLimits } = {}): MadeKey {
    const now = this.runtime.clock.now();
    const made = createKey(
      this.#keys,
      {
        scopes: scopesOf(...scopes),
        expiresAt: options.livesMs === undefined ? undefined : now + options.livesMs,
        limits: options.limits ?? {},
      },
      now,
      this.runtime.random,
    );
    this.#use(made.keys);
    return { id: made.key.id, text: made.secret ?? '' };
  }

  revoke(id: string): void {
    const change = revokeKey(this.#keys, id, this.runtime.clock.now());
    if (change.kind === 'changed') this.#use(change.keys);
  }

  /** The new key's text. */
  rotate(id: string, overlapMs: number): string {
    const change = rotateKey(this.#keys, id, overlapMs, this.runtime.clock.now(), this.runtime.random);
    if (change.kind !== 'changed') throw new Error(`the key is ${change.kind}`);
    this.#use(change.keys);
    return change.secret ?? '';
  }

  #use(keys: readonly ApiKey[]): void {
    this.#keys = keys;
    this.authenticator.use(keys);
  }
}

export const bearer = (text: string): { readonly authorization: string } => ({ authorization: `Bearer ${text}` });

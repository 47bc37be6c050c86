/**
 * Who calls, what they may do and how much, and what is remembered of it. The API asks before it reads a body; keys, certificates,
 * buckets and files are behind these ports.
 */
import type { Scope } from '../record/scopes.ts';

/** `undefined` members are unlimited. */
export interface RateLimits {
  readonly requestsPerSecond?: number;
  /** Of bodies, after decompression. */
  readonly bytesPerSecond?: number;
  readonly requestsInFlight?: number;
}

export interface Principal {
  /** `key:<id>`, `cert:<common name>` or `anonymous`: never two callers of one kind with one id. Not a secret. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** Whose buckets its requests draw from: the id, or the address of an anonymous client. */
  readonly account: string;
  readonly limits: RateLimits;
}

/** What a request shows of its sender. */
export interface Caller {
  /** The peer of the connection. */
  readonly address: string;
  /** Whether peer and named host are this machine, and no proxy says that it speaks for another. */
  readonly local: () => boolean;
  readonly authorization?: string | undefined;
  /** Common name of a client certificate that was verified. */
  readonly commonName?: string | undefined;
}

export type Authentication =
  | { readonly kind: 'known'; readonly principal: Principal }
  | (Stranger &
      (
        | /** Nothing was shown, and anonymous callers are not let in. */ { readonly kind: 'missing' }
        | /** One answer for an unknown id, a wrong secret and a text that is no key. */ { readonly kind: 'wrong' }
        /** The secret is right and no longer good. `reason` is for its holder. */
        | { readonly kind: 'lapsed'; readonly id: string; readonly reason: string }
      ));

/** Refused callers draw from a bucket too: that of their address. */
interface Stranger {
  readonly account: string;
  readonly limits: RateLimits;
}

export interface Authenticator {
  authenticate(caller: Caller): Authentication;
}

/** A bucket as the answer shows it. */
export interface Allowance {
  readonly unit: 'requests' | 'bytes';
  /** A second. */
  readonly quota: number;
  readonly remaining: number;
  /** Seconds until it is full. */
  readonly resetSeconds: number;
}

export type Admission =
  | {
      readonly kind: 'admitted';
      readonly allowances: readonly Allowance[];
      /** Tells the bytes of a body that its announced length did not; a debt is paid off before the next request is let in. */
      charge(bytes: number): void;
      /** To be called when the answer is sent, or nobody waits for it; once more is harmless. Absent when nothing is held. */
      readonly release?: () => void;
    }
  | {
      readonly kind: 'limited';
      readonly by: 'requests' | 'bytes' | 'in-flight';
      readonly retryAfterMs: number;
      readonly allowances: readonly Allowance[];
    };

export interface RateLimiter {
  /** `bytes` are announced, 0 when unknown. */
  admit(account: string, limits: RateLimits, bytes: number): Admission;
}

/** One thing that was done or refused. No member ever holds a secret. */
export interface AuditEvent {
  /** Principal id, or what stands for one: `unknown`, `local:<user>`, `service`. */
  readonly who: string;
  readonly client?: string | undefined;
  /** `POST /api/v1/tables/:table/actions/flush`, `keys create`. */
  readonly action: string;
  readonly table?: string | undefined;
  readonly requestId?: string | undefined;
  readonly outcome: 'done' | 'failed' | 'denied';
  /** Ids and counts that say more. */
  readonly detail?: string | undefined;
}

/** As it is read back: one JSON object a line. */
export type AuditLine = Readonly<Record<string, unknown>>;

export interface AuditTrail {
  /** Never throws; a trail that cannot be written is told to the log. */
  record(event: AuditEvent): void;
  /** The latest first. */
  latest(limit: number): Promise<readonly AuditLine[]>;
}

export interface AccessPort {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly audit: AuditTrail;
}

/** What is to go wrong with which request. Owns the plan and the log; `server.ts` carries it out. */

export type S3Operation =
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'CreateBucket'
  | 'HeadBucket';

export type Fault =
  /** Connection reset; nothing happened. */
  | { readonly kind: 'lose-request' }
  /** The effect is there; connection reset instead of an answer. */
  | { readonly kind: 'lose-answer' }
  /** Connection reset now; the effect comes with `land()`. */
  | { readonly kind: 'late' }
  /** Answered by this error; nothing happened. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** The effect is there; answered by this error. */
  | { readonly kind: 'refuse-after-effect'; readonly status: number; readonly code: string }
  /** Everything happens as usual, this much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The answer's body ends after so many bytes, by a reset. */
  | { readonly kind: 'cut-answer'; readonly bytes: number }
  /** The answer's body stops after so many bytes; the connection stays. */
  | { readonly kind: 'stall-answer'; readonly bytes: number };

interface Planned {
  readonly operation: S3Operation;
  readonly fault: Fault;
  left: number;
}

export class Faults {
  readonly #planned: Planned[] = [];
  readonly #late: (() => void)[] = [];
  /** Operations in order of arrival. */
  readonly seen: S3Operation[] = [];

  /** The next `times` requests of that operation meet the fault; several plans for one operation are met in order of planning. */
  plan(operation: S3Operation, fault: Fault, times = 1): void {
    this.#planned.push({ operation, fault, left: times });
  }

  /** Forgets plans, log, and what has not landed. */
  clear(): void {
    this.#planned.length = 0;
    this.#late.length = 0;
    this.seen.length = 0;
  }

  /** Carries out what was late, in order. */
  land(): void {
    for (const effect of this.#late.splice(0)) effect();
  }

  meet(operation: S3Operation): Fault | undefined {
    this.seen.push(operation);
    const planned = this.#planned.find((plan) => plan.operation === operation && plan.left > 0);
    if (planned === undefined) return undefined;
    planned.left--;
    return planned.fault;
  }

  postpone(effect: () => void): void {
    this.#late.push(effect);
  }
}

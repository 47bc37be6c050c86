/** Room on local disk for work that needs whole files. Nothing in it outlives the process that made it. */

export interface Scratch {
  /** A fresh, empty folder. `name` is safe in a file name. */
  folder(name: string): Promise<ScratchFolder>;
}

export interface ScratchFolder {
  /** Absolute. */
  readonly path: string;
  /**
   * The bytes of the object as a local file to be read, in parts of bounded memory; answers its path. It may be the object under a second name. Rejects with kind `corrupt` when the object is
   * absent or has not `bytes` bytes, `unavailable` when the store does not answer.
   */
  fetch(uri: string, bytes: bigint, signal: AbortSignal): Promise<string>;
  /** With all that is in it. Idempotent. */
  remove(): Promise<void>;
}

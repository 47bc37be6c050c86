/**
 * A rewriter that leaves a busy machine to ingestion: while the daemon has its hands full, rewriting takes a sixteenth of the time at most,
 * apart from the merges of little files that keep them few. Owns the rests between rewrites; a rewrite that has begun is not held up, and
 * whether records are late is not asked here.
 */
import type { FileRewriter, RewriteRequest, Rewritten } from '../contracts/file-rewriter.ts';
import type { Clock } from '../core/runtime.ts';

/** Of how long the large rewrite before took. */
const REST = 15;
/** Above this share of what there is since that rewrite ended, the daemon has its hands full. */
const FULL = 0.5;
/** Inputs of less are rewritten at once: it costs little, and while it waited others would commit what makes it be dropped. */
const LITTLE_BYTES = 8n * 2n ** 20n;
/** The least time over which that share is told. */
const LOOK_MS = 100;

/** What the process has used so far. Seconds. */
export interface Effort {
  /** By all threads. */
  readonly cpu: number;
  /** That the event loop was not idle. Unlike CPU time it also tells that others leave the daemon too little of the machine. */
  readonly loop: number;
}

export interface PacedRewriterParts {
  readonly rewriter: FileRewriter;
  readonly clock: Clock;
  readonly effort: () => Effort;
  /** That the process may use at once. */
  readonly cores: number;
}

interface Rest {
  readonly since: number;
  readonly before: Effort;
  readonly mostMs: number;
}

export class PacedRewriter implements FileRewriter {
  readonly #parts: PacedRewriterParts;
  #rest: Rest | undefined;

  constructor(parts: PacedRewriterParts) {
    this.#parts = parts;
  }

  async rewrite(request: RewriteRequest, directory: string, signal: AbortSignal): Promise<Rewritten> {
    const { rewriter, clock, effort } = this.#parts;
    const bytes = request.inputs.reduce((sum, { fileSizeInBytes }) => sum + fileSizeInBytes, 0n);
    if (bytes < LITTLE_BYTES) return rewriter.rewrite(request, directory, signal);
    while (this.#rests()) await clock.sleep(LOOK_MS, signal);
    const began = clock.monotonic();
    try {
      return await rewriter.rewrite(request, directory, signal);
    } finally {
      const since = clock.monotonic();
      this.#rest = { since, before: effort(), mostMs: REST * (since - began) };
    }
  }

  close(): Promise<void> {
    return this.#parts.rewriter.close();
  }

  #rests(): boolean {
    if (this.#rest === undefined) return false;
    const { clock, effort, cores } = this.#parts;
    const { since, mostMs, before } = this.#rest;
    const restedMs = clock.monotonic() - since;
    if (restedMs >= mostMs) return false;
    if (restedMs < LOOK_MS) return true;
    const { cpu, loop } = effort();
    const seconds = restedMs / 1000;
    return cpu - before.cpu > FULL * cores * seconds || loop - before.loop > FULL * seconds;
  }
}

/** One committer a table in a process: whatever changes a table (ingestion, maintenance, an operator's rewind) runs here, one after another. */

export class CommitQueue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything queued before it has ended, whatever its outcome. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work, work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

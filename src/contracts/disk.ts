/**
 * The local disk as the log sees it: append-only files with explicit syncs. Two implementations: node:fs, and a simulated disk that
 * keeps a page cache apart from the platter, so that a kill and a power cut differ.
 * Paths are absolute or store-relative strings with `/`. Failures reject with kind `unavailable`, context `code` = errno name.
 */
export interface Disk {
  /** Creates the directory and its parents, and makes them durable. */
  makeDirectory(path: string): Promise<void>;
  /** Names of the entries, ascending; empty when the directory is absent. */
  list(path: string): Promise<readonly string[]>;
  /** Bytes `[start, end)`; cut at the end of the file. Undefined when the file is absent. */
  read(path: string, start: number, end: number): Promise<Uint8Array | undefined>;
  /** Undefined when absent. */
  size(path: string): Promise<number | undefined>;
  /** Opens for appending. `create-new` fails when the file exists; `existing` fails when it does not. */
  open(path: string, mode: 'create-new' | 'existing'): Promise<DiskFile>;
  /**
   * Writes bytes `[start, end)`, which are there, once more in their place, and syncs. After that they are on the platter even if a sync
   * of an earlier process had failed on them: the page cache then calls them clean, and a sync alone would write nothing.
   */
  rewrite(path: string, start: number, end: number): Promise<void>;
  /** Atomic replace; durable after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>;
  /** Absent files count as removed. */
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Free bytes on the volume. */
  free(path: string): Promise<number>;
}

export interface DiskFile {
  /** Appends all chunks in order; on rejection any prefix of them may be there. */
  append(chunks: readonly Uint8Array[]): Promise<void>;
  /** Resolves when everything appended is on the platter (`fdatasync`). After a rejection nothing about the unsynced bytes may be believed. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

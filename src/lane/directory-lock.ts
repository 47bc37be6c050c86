/**
 * One process a log directory: a lock of the operating system that dies with the process, however it dies. Held as an exclusive
 * transaction of SQLite, whose file locks the kernel drops at exit; Node has no such lock of its own.
 * Owns the lock alone; `lock.db` stays behind empty and means nothing by being there.
 */
import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SluiceError, messageOf } from '../core/errors.ts';

const LOCK_NAME = 'lock.db';
const SQLITE_BUSY = 5;

export interface DirectoryLock {
  /** Idempotent. */
  release(): void;
}

/** Throws kind `misconfigured` when another holder is alive, in this process or another. Never waits. */
export function lockDirectory(directory: string): DirectoryLock {
  const path = `${directory}/${LOCK_NAME}`;
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw isBusy(error)
      ? new SluiceError('misconfigured', 'another process works on this directory', {
          context: { directory },
          remedy: 'stop the other daemon, or give this one a data directory of its own',
          cause: error,
        })
      : new SluiceError('misconfigured', `the directory can not be locked: ${messageOf(error)}`, {
          context: { directory },
          remedy: 'give the daemon a directory on a local disk in which it may create files',
          cause: error,
        });
  }
  const held = database;
  return {
    release: () => {
      if (held.isOpen) held.close();
    },
  };
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

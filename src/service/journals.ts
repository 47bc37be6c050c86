/** Which journals the daemon keeps in its data directory, and how much of the past each may hold. */
import { join } from 'node:path';
import type { Journal } from '../contracts/journal.ts';
import { messageOf } from '../core/errors.ts';
import type { ServiceLog } from '../contracts/service-log.ts';
import { JournalFile } from './journal-file.ts';

const MIB = 1024 * 1024;

export interface Journals {
  /** About 40,000 points, of all tables together. */
  readonly health: Journal;
  /** More than the 200 jobs that are remembered, with their logs. */
  readonly jobs: Journal;
  /** Resolves when everything told before is written. */
  readonly close: () => Promise<void>;
}

export function openJournals(dataDir: string, log: Pick<ServiceLog, 'warn'>): Journals {
  const open = (name: string, fileBytes: number): JournalFile =>
    new JournalFile(join(dataDir, name), fileBytes, (error) =>
      log.warn(
        { journal: name, error: messageOf(error) },
        'a line of a journal could not be kept; no data is affected',
      ),
    );
  const [health, jobs] = [open('health.log', 4 * MIB), open('jobs.log', 8 * MIB)];
  return {
    health,
    jobs,
    close: async () => {
      await health.close();
      await jobs.close();
    },
  };
}

/** What an attempt comes to that failed before anything could move (protocol §4). Owns only that question. */
import type { CommitOutcome } from '../contracts/table-format.ts';
import { isSluiceError } from '../core/errors.ts';
import type { IcebergCatalog, LoadedTable } from './iceberg-catalog.ts';

/**
 * A store that does not answer is `unknown`: what was put may still land. A base that names a file which is not there is a `conflict` when the
 * table has moved: another writer has expired the base, and taken its files. Everything else is thrown as it came.
 */
export async function failedAttempt(
  catalog: Pick<IcebergCatalog, 'load'>,
  base: LoadedTable,
  error: unknown,
): Promise<Exclude<CommitOutcome<never>, { kind: 'committed' }>> {
  if (isSluiceError(error, 'unavailable')) return { kind: 'unknown', cause: error };
  if (!isSluiceError(error, 'corrupt')) throw error;
  let now: LoadedTable | undefined;
  try {
    now = await catalog.load(base.name);
  } catch (silence) {
    if (isSluiceError(silence, 'unavailable')) return { kind: 'unknown', cause: silence };
    throw silence;
  }
  if (now?.metadataLocation === base.metadataLocation) throw error;
  return { kind: 'conflict', cause: `the table moved while it was read: ${error.message}` };
}

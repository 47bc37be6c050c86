/** What a failure comes to of work on a state of a table that may be past: of an attempt (protocol §4), and of reading. Owns only that question. */
import type { CommitOutcome } from '../contracts/table-format.ts';
import { isSluiceError, messageOf } from '../core/errors.ts';
import type { IcebergCatalog, LoadedTable } from './iceberg-catalog.ts';

type Catalog = Pick<IcebergCatalog, 'load'>;

/**
 * A store that does not answer is `unknown`: what was put may still land. A base that names a file which is not there is a `conflict` when the
 * table has moved. Everything else is thrown as it came.
 */
export async function failedAttempt(
  catalog: Catalog,
  base: LoadedTable,
  error: unknown,
): Promise<Exclude<CommitOutcome<never>, { kind: 'committed' }>> {
  try {
    await movedTable(catalog, base, error);
  } catch (why) {
    if (isSluiceError(why, 'unavailable')) return { kind: 'unknown', cause: why };
    throw why;
  }
  return { kind: 'conflict', cause: `the table moved while it was read: ${messageOf(error)}` };
}

/**
 * The table as it is now, when a file of `base` was not there because the table has moved: another writer has expired the base, and taken its
 * files. Undefined when the table is gone. Throws `error` when that is not the reason.
 */
export async function movedTable(
  catalog: Catalog,
  base: LoadedTable,
  error: unknown,
): Promise<LoadedTable | undefined> {
  if (!isSluiceError(error, 'corrupt')) throw error;
  const now = await catalog.load(base.name);
  if (now?.metadataLocation === base.metadataLocation) throw error;
  return now;
}

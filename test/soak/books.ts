/** The tables held against the ledger when a soak is over: every acknowledged record once, in its table or in its dead letters. */
import type { Ledger } from '../crash/ledger.ts';
import { fetchAgain } from '../support/fetch-again.ts';
import { tableColumn } from '../support/table-column.ts';

/** Everything acknowledged must have been committed. A dead letter that was replayed is in both, once each. */
export async function booksOf(url: string, ledger: Ledger, tables: readonly string[]): Promise<readonly string[]> {
  const violations: string[] = [];
  for (const table of tables) {
    const letters = `${table}__dead_letters`;
    const there = (await fetchAgain(`${url}/api/v1/tables/${letters}`)).status === 200;
    const refused = there ? await lettersOf(url, letters, `status = 'open'`) : [];
    const replayed = there
      ? await lettersOf(url, letters, `status = 'open' AND id IN (SELECT id FROM files WHERE status = 'replayed')`)
      : [];
    const missing = new Set(replayed);
    // Of a replayed record one row is accounted for; a second one is the ledger's to find.
    const ids = (await tableColumn(url, table, 'id::DOUBLE')).map(Number).filter((id) => !missing.delete(id));
    for (const id of missing) violations.push(`${table}: record ${id} was replayed and is not there`);
    violations.push(...ledger.violations(table, ids, refused));
  }
  return violations;
}

async function lettersOf(url: string, letters: string, where: string): Promise<readonly number[]> {
  const originals = await tableColumn(url, letters, 'decode(original)', where);
  return originals.map((original) => (JSON.parse(String(original)) as { readonly id: number }).id);
}

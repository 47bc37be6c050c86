/** Query results on stdout: an aligned table, or a JSON array that is written while rows come. */
import type { QueryResult, QueryValue } from '../contracts/query.ts';
import type { Terminal } from './terminal.ts';
import { formatTable, toJson } from './terminal.ts';

/** A table is aligned over this many rows at a time: memory stays bounded whatever the query gives. */
const ROWS_ALIGNED = 1_000;

const NUMBERS = /^(DECIMAL|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE)\b/;

export async function printRows(terminal: Terminal, { columns, rows }: QueryResult): Promise<void> {
  const { stdout } = terminal.io;
  if (terminal.format === 'json') {
    let separator = '[';
    for await (const row of rows) {
      stdout.write(
        `${separator}${toJson(Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])))}`,
      );
      separator = ',\n';
    }
    stdout.write(separator === '[' ? '[]\n' : ']\n');
    return;
  }
  const shown = columns.map(({ name, type }, index) => ({
    title: name,
    value: (row: readonly QueryValue[]) => (row[index] === null ? 'NULL' : row[index]),
    ...(NUMBERS.test(type) ? { align: 'right' as const } : {}),
  }));
  let page: (readonly QueryValue[])[] = [];
  let pages = 0;
  const flush = (): void => {
    const text = formatTable(page, shown);
    stdout.write(pages === 0 ? text : text.slice(text.indexOf('\n') + 1));
    pages += 1;
    page = [];
  };
  for await (const row of rows) if (page.push(row) === ROWS_ALIGNED) flush();
  if (page.length > 0 || pages === 0) flush();
}

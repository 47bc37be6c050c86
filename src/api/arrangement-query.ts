/** How rows of a compaction are to stand, as query parameters and as the parts of a job. Owns the text form of columns. */
import type { Arrangement, SortColumn } from '../contracts/maintenance-port.ts';
import { ProblemError } from './problems.ts';
import type { QueryParameters } from './query-parameters.ts';

export const STRATEGIES = ['bin-pack', 'sort', 'z-order'] as const;
export const ARRANGEMENT_PARAMETERS = ['strategy', 'columns'] as const;

/** Undefined for `bin-pack`, which is what compaction does unless it is told otherwise; columns by themselves are to be sorted by. */
export function arrangementOf(parameters: QueryParameters): Arrangement | undefined {
  const columns = parameters.text('columns')?.split(',') ?? [];
  const strategy = parameters.word('strategy', STRATEGIES, columns.length > 0 ? 'sort' : 'bin-pack');
  if (columns.includes('')) throw refused('names an empty column');
  switch (strategy) {
    case 'bin-pack':
      if (columns.length > 0) throw refused('is for the strategies sort and z-order');
      return undefined;
    case 'sort':
      return { strategy, columns: columns.map(sortColumn) };
    case 'z-order':
      return { strategy, columns };
  }
}

export const arrangementJson = (
  arrangement: Arrangement,
): { readonly strategy: string; readonly columns: readonly string[] } => ({
  strategy: arrangement.strategy,
  columns: arrangement.strategy === 'sort' ? arrangement.columns.map(sortText) : arrangement.columns,
});

/** `at`, `at:desc`, `at:desc:nulls-last`; NULLs are where the table format has them by default: first ascending, last descending. */
function sortColumn(text: string): SortColumn {
  const [, name = '', word = 'asc', nulls] = /^(.+?)(?::(asc|desc))?(?::(nulls-first|nulls-last))?$/.exec(text) ?? [];
  const direction = word === 'desc' ? 'desc' : 'asc';
  const usual = direction === 'asc' ? 'nulls-first' : 'nulls-last';
  return { name, direction, nullOrder: nulls === undefined ? usual : nulls === 'nulls-first' ? nulls : 'nulls-last' };
}

const sortText = ({ name, direction, nullOrder }: SortColumn): string => `${name}:${direction}:${nullOrder}`;

const refused = (why: string): ProblemError =>
  new ProblemError('invalid-request', `query parameter "columns" ${why}`, { extras: { parameter: 'columns' } });

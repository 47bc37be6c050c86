/** What files hold and how they lie, by another DuckDB. */
import type { EngineInTest } from '../engine/engine-in-test.ts';

export const listOf = (paths: readonly string[]): string => `[${paths.map((path) => `'${path}'`).join(', ')}]`;

export const pathsOf = (files: readonly { readonly localPath: string }[]): readonly string[] =>
  files.map(({ localPath }) => localPath);

export const useReading = (use: Pick<EngineInTest, 'read'>) => ({
  /** Equal for the same rows in any order and any files. */
  digest: async (paths: readonly string[]): Promise<unknown> =>
    use.read(`select count(*) as rows, bit_xor(hash(t)) as all from read_parquet(${listOf(paths)}) as t`),

  /** What part of all rows lies, by a column, between the least and the greatest value of a file: the mean over files. */
  covered: async (paths: readonly string[], column: string): Promise<number> => {
    const [row] = await use.read(
      `with rows as (select filename, ${column} as value, percent_rank() over (order by ${column}) as rank ` +
        `from read_parquet(${listOf(paths)}, filename = true) where value is not null), ` +
        `files as (select filename, max(rank) - min(rank) as covered from rows group by filename) ` +
        `select avg(covered) as covered from files`,
    );
    return Number(row?.['covered']);
  },
});

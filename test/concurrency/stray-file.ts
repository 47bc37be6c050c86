/**
 * A file that no table names, among live ones that look as old as it: whoever removes orphans must take it and nothing else. Owns the file
 * and the ages.
 */
import { randomUUID } from 'node:crypto';
import { access, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataFile } from './judges.ts';

/** Spark's orphan removal spares what is younger than three days. */
const OLD_S = 4 * 86_400;

/** Beside live files of a table. Resolves to its path. */
export async function strayAmong(live: readonly DataFile[]): Promise<string> {
  const paths = live.map(({ path }) => path.replace(/^file:\/*/, '/'));
  const stray = join(dirname(paths[0] ?? ''), `stray-${randomUUID()}.parquet`);
  await writeFile(stray, 'nobody names it');
  const old = Date.now() / 1000 - OLD_S;
  // A live file may be merged away and expire meanwhile; nothing looks at it then.
  for (const path of [stray, ...paths]) await utimes(path, old, old).catch(() => undefined);
  return stray;
}

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

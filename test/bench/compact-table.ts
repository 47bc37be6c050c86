/** The table of the compaction benchmark: many small files as the daemon's own encoder writes them, column bounds included. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDbSession, query } from '../../src/columnar/engine/duckdb-session.ts';
import { copySql } from '../../src/columnar/engine/copy-sql.ts';
import { finishFiles } from '../../src/columnar/engine/finish-files.ts';
import { planLayout } from '../../src/columnar/engine/layout-plan.ts';
import { copiedFiles } from '../../src/columnar/engine/return-stats.ts';
import type { Settings } from '../../src/config/settings.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import type { DataFile } from '../../src/record/data-file.ts';
import { layoutOf } from '../../src/service/layout.ts';
import { openWarehouse } from '../../src/service/warehouse.ts';
import { nextToken, progressTo } from '../support/iceberg/samples.ts';

export const TABLE = { namespace: ['bench'], name: 'compact' };
/** Ten columns of the kinds that events have; 50,000 rows are a file of 2 MB. */
const COLUMNS = [
  ['id', 'long', 'i'],
  ['user_id', 'long', '(hash(i) % 1000000)::BIGINT'],
  ['session', 'string', `printf('%016x', hash(i + 1))`],
  ['amount', 'double', 'hash(i + 2) / 1e15'],
  ['at', 'timestamptz', `make_timestamptz(1700000000000000 + i * 1000)`],
  ['country', 'string', `['PL', 'DE', 'FR', 'US', 'JP'][(hash(i + 3) % 5 + 1)::INTEGER]`],
  ['path', 'string', `'/shop/item/' || (hash(i + 4) % 5000) || printf('?click=%016x', hash(i + 8))`],
  ['agent', 'string', `'agent ' || (hash(i + 5) % 50)`],
  ['ok', 'boolean', 'hash(i + 6) % 10 > 0'],
  ['bytes', 'int', '(hash(i + 7) % 65536)::INTEGER'],
] as const;
const BY_USER = {
  orderId: 1,
  fields: [{ sourceId: 2, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }],
} as const;

/** Bytes of its files. */
export async function makeTable(settings: Settings, files: number, rows: number, sorted: boolean): Promise<number> {
  const warehouse = openWarehouse(settings, systemRuntime);
  const directory = join(settings.spoolDir, 'bench-table');
  await mkdir(directory, { recursive: true });
  const session = await DuckDbSession.open({
    threads: 2,
    memoryLimitBytes: 2 ** 30,
    temporaryDirectory: directory,
    connections: 1,
  });
  try {
    const { view } = await warehouse.tables.create({
      name: TABLE,
      fields: COLUMNS.map(([name, kind], at) => ({ id: at + 1, name, type: { kind }, required: false })),
      partition: [],
      ...(sorted ? { sortOrder: BY_USER } : {}),
      properties: new Map(),
    });
    // What is to be sorted is not sorted yet.
    const layout = { ...layoutOf(view, settings.file), sortOrder: { orderId: 0, fields: [] } };
    const plan = planLayout(layout);
    const select = COLUMNS.map(([name, , value]) => `${value} AS "${name}"`).join(', ');
    const folder = join(view.location.replace(/^file:\/\//, ''), 'data');
    await mkdir(folder, { recursive: true });
    const signal = new AbortController().signal;
    const added: DataFile[] = [];
    for (let file = 0; file < files; file += 1) {
      const source = `SELECT ${select} FROM range(${file * rows}, ${(file + 1) * rows}) t(i)`;
      const [written] = await session.use(signal, async (connection) =>
        finishFiles(
          connection,
          plan,
          copiedFiles(await query(connection, copySql(plan, source, join(directory, `small-${file}`)))),
          signal,
          [],
        ),
      );
      if (written === undefined) throw new Error('no file was written');
      const { localPath, ...facts } = written;
      await rename(localPath, join(folder, `small-${file}.parquet`));
      added.push({ ...facts, filePath: `${view.location}/data/small-${file}.parquet` });
    }
    const change = { kind: 'append', added, progress: progressTo({ l: 1 }) } as const;
    const outcome = await warehouse.format.attempt(view, await warehouse.format.prepare(view, change, nextToken()));
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    return Number(added.reduce((sum, { fileSizeInBytes }) => sum + fileSizeInBytes, 0n));
  } finally {
    session.close();
    await warehouse.close();
  }
}

/** Path of the current metadata file. */
export async function metadataPath(settings: Settings): Promise<string> {
  const warehouse = openWarehouse(settings, systemRuntime);
  try {
    const loaded = await warehouse.format.load(TABLE);
    if (loaded.kind === 'absent') throw new Error('there is no table');
    return loaded.view.metadataLocation.replace(/^file:\/\//, '');
  } finally {
    await warehouse.close();
  }
}

/**
 * A small table of ours over real Parquet files, in memory: every fact about the files is worked out here by hand, so that it does not
 * hang on the column engine.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata } from 'hyparquet';
import { finishFooter } from '../../../src/columnar/footer/finish.ts';
import { leafColumns, readFooter, replaceFooter, rowGroups } from '../../../src/columnar/footer/parquet-footer.ts';
import type { Locations } from '../../../src/contracts/locations.ts';
import type { TableDefinition } from '../../../src/contracts/tables.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { openIceberg, type Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import type { DataFile } from '../../../src/record/data-file.ts';
import { encodeSingle } from '../../../src/record/single-value.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from './locations.ts';
import { MemoryPointers } from './memory-pointers.ts';
import { nextToken, progressTo } from './samples.ts';

export const ROOT = 's3://lake/warehouse';

/** Every kind of partition value that is stored in a way of its own, and nested columns. */
const DEFINITION: TableDefinition = {
  name: { namespace: ['lake'], name: 'real' },
  fields: [
    { id: 1, name: 'id', type: { kind: 'long' }, required: true },
    { id: 2, name: 'at', type: { kind: 'timestamptz' }, required: false },
    { id: 3, name: 'amount', type: { kind: 'decimal', precision: 9, scale: 2 }, required: false },
    { id: 4, name: 'key', type: { kind: 'uuid' }, required: false },
    { id: 5, name: 'ratio', type: { kind: 'double' }, required: false },
    { id: 6, name: 'kind', type: { kind: 'string' }, required: false },
    {
      id: 7,
      name: 'tags',
      type: { kind: 'list', elementId: 0, element: { kind: 'string' }, elementRequired: false },
      required: false,
    },
  ],
  partition: [
    { sourceId: 2, name: 'at_day', transform: { kind: 'day' } },
    { sourceId: 3, name: 'amount', transform: { kind: 'identity' } },
    { sourceId: 4, name: 'key', transform: { kind: 'identity' } },
    { sourceId: 6, name: 'käse', transform: { kind: 'truncate', width: 2 } },
  ],
  properties: new Map(),
};

export interface RealTable extends Iceberg {
  readonly store: MemoryStore;
  readonly locations: Locations;
  readonly view: IcebergView;
}

/** Two commits of one file each, of two partitions. */
export async function makeRealTable(): Promise<RealTable> {
  const store = new MemoryStore(systemRuntime.clock);
  const locations = oneStore(ROOT, store);
  const iceberg = openIceberg(new MemoryPointers(), locations, ROOT, systemRuntime);
  let { view } = await iceberg.tables.create(DEFINITION);
  for (const day of [19_787, 19_788]) {
    const file = await writeFile(store, day);
    const change = { kind: 'append' as const, added: [file], progress: progressTo({ l: day }) };
    const outcome = await iceberg.format.attempt(view, await iceberg.format.prepare(view, change, nextToken()));
    if (outcome.kind !== 'committed') throw new Error(`expected a commit, got ${outcome.kind}`);
    view = outcome.view;
  }
  return { ...iceberg, store, locations, view };
}

const KEY = 'f79c3e09-677c-4bbd-a479-3f349cb785e7';
const MICROS_OF_DAY = 86_400_000_000n;

/** The bytes of each day's file, written once a process. */
const FILES = new Map<number, Promise<Uint8Array>>();

async function writeFile(store: MemoryStore, day: number): Promise<DataFile> {
  const known = FILES.get(day) ?? parquetFile(day);
  FILES.set(day, known);
  const bytes = await known;
  const filePath = `${ROOT}/lake/real/data/${day}.parquet`;
  await store.put(filePath.slice(ROOT.length + 1), bytes, { kind: 'if-absent' });
  return facts(filePath, bytes, day);
}

/** Four rows: one NULL, one NaN, a zero and a long text. */
const parquetFile = (day: number): Promise<Uint8Array> =>
  parquetBytes(
    `SELECT i::BIGINT AS id, make_timestamptz(${BigInt(day) * MICROS_OF_DAY} + i) AS "at",
      14.20::DECIMAL(9, 2) AS amount, '${KEY}'::UUID AS key,
      CASE i WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::DOUBLE WHEN 2 THEN 0.0 ELSE 2.5 END AS ratio,
      'käse mit einem langen Namen ' || i AS kind, ['a', NULL] AS tags FROM range(4) AS t(i)`,
    `FORMAT parquet, FIELD_IDS {id: 1, "at": 2, amount: 3, key: 4, ratio: 5, kind: 6,
      tags: {__duckdb_field_id: 7, element: 8}}`,
  );

/** What DuckDB's COPY writes, without statistics of column 4. */
export async function parquetBytes(select: string, options: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-real-'));
  const path = join(folder, 'file.parquet');
  const instance = await DuckDBInstance.create();
  const duckdb = await instance.connect();
  try {
    await duckdb.run("SET TimeZone = 'UTC'");
    await duckdb.run(`COPY (${select}) TO '${path}' (${options})`);
    await dropUuidStatistics(path);
    return await readFile(path);
  } finally {
    duckdb.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Statistics of uuid columns lose rows in two engines (conformance 8.1). */
async function dropUuidStatistics(path: string): Promise<void> {
  const footer = await readFooter(path);
  const leaves = leafColumns(footer.metadata);
  finishFooter(footer.metadata, leaves, rowGroups(footer.metadata, leaves), {
    types: new Map([[4, { kind: 'uuid' }]]),
    names: new Map(),
  });
  await replaceFooter(path, footer);
}

function facts(filePath: string, bytes: Uint8Array, day: number): DataFile {
  const metadata = parquetMetadata(new Uint8Array(bytes).buffer);
  const sizes = new Map<number, bigint>();
  for (const group of metadata.row_groups)
    for (const [at, id] of [1, 2, 3, 4, 5, 6, 8].entries())
      sizes.set(id, (sizes.get(id) ?? 0n) + (group.columns[at]?.meta_data?.total_compressed_size ?? 0n));
  const start = BigInt(day) * MICROS_OF_DAY;
  const all = (value: bigint): ReadonlyMap<number, bigint> => new Map([1, 2, 3, 4, 5, 6].map((id) => [id, value]));
  return {
    format: 'parquet',
    filePath,
    partition: [day, 1420n, Uint8Array.from(Buffer.from(KEY.replaceAll('-', ''), 'hex')), 'kä'],
    specId: 0,
    recordCount: 4n,
    fileSizeInBytes: BigInt(bytes.length),
    metrics: {
      columnSizes: sizes,
      valueCounts: all(4n),
      nullValueCounts: new Map([...all(0n), [5, 1n]]),
      nanValueCounts: new Map([[5, 1n]]),
      lowerBounds: new Map([
        [1, encodeSingle({ kind: 'long' }, 0n)],
        [2, encodeSingle({ kind: 'timestamptz' }, start)],
        [3, encodeSingle({ kind: 'decimal', precision: 9, scale: 2 }, 1420n)],
        [5, encodeSingle({ kind: 'double' }, -0)],
        [6, encodeSingle({ kind: 'string' }, 'käse mit einem l')],
      ]),
      upperBounds: new Map([
        [1, encodeSingle({ kind: 'long' }, 3n)],
        [2, encodeSingle({ kind: 'timestamptz' }, start + 3n)],
        [3, encodeSingle({ kind: 'decimal', precision: 9, scale: 2 }, 1420n)],
        [5, encodeSingle({ kind: 'double' }, 2.5)],
        [6, encodeSingle({ kind: 'string' }, 'käse mit einem m')],
      ]),
    },
    splitOffsets: metadata.row_groups.map((group) => group.file_offset ?? 4n),
  };
}

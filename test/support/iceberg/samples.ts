/** Tables and files as tests need them. Data files are facts only: nothing lies behind them. */
import type { ProgressUpdate } from '../../../src/contracts/table-format.ts';
import type { TableDefinition } from '../../../src/contracts/tables.ts';
import { epoch, generation, laneId, offset, pipelineId, snapshotId, type SnapshotId } from '../../../src/core/ids.ts';
import type { ColumnMetrics, DataFile } from '../../../src/record/data-file.ts';
import type { PartitionTuple } from '../../../src/record/values.ts';

export const PIPELINE = pipelineId('main');

export const NO_METRICS: ColumnMetrics = {
  columnSizes: new Map(),
  valueCounts: new Map(),
  nullValueCounts: new Map(),
  nanValueCounts: new Map(),
  lowerBounds: new Map(),
  upperBounds: new Map(),
};

/** `lake.events(id long required, at timestamptz, kind string)` by day(at). */
export const EVENTS: TableDefinition = {
  name: { namespace: ['lake'], name: 'events' },
  fields: [
    { id: 1, name: 'id', type: { kind: 'long' }, required: true },
    { id: 2, name: 'at', type: { kind: 'timestamptz' }, required: false },
    { id: 3, name: 'kind', type: { kind: 'string' }, required: false },
  ],
  partition: [{ sourceId: 2, name: 'at_day', transform: { kind: 'day' } }],
  properties: new Map(),
};

/** Ids and bounds as a real file of ten rows would have them. */
export function dataFile(filePath: string, partition: PartitionTuple = [19_787]): DataFile {
  const long = (value: bigint): Uint8Array => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return new Uint8Array(bytes);
  };
  return {
    format: 'parquet',
    filePath,
    partition,
    specId: 0,
    recordCount: 10n,
    fileSizeInBytes: 4321n,
    metrics: {
      columnSizes: new Map([
        [1, 100n],
        [2, 90n],
        [3, 80n],
      ]),
      valueCounts: new Map([
        [1, 10n],
        [2, 10n],
        [3, 10n],
      ]),
      nullValueCounts: new Map([
        [1, 0n],
        [2, 0n],
        [3, 1n],
      ]),
      nanValueCounts: new Map(),
      lowerBounds: new Map([
        [1, long(0n)],
        [3, Buffer.from('a')],
      ]),
      upperBounds: new Map([
        [1, long(9_007_199_254_740_993n)],
        [3, Buffer.from('z')],
      ]),
    },
    splitOffsets: [4n],
  };
}

/** Lane name → next offset, all of generation 1 unless said otherwise. */
export const progressTo = (
  lanes: Readonly<Record<string, number>>,
  more: Partial<ProgressUpdate> & { readonly generation?: number } = {},
): ProgressUpdate => ({
  pipeline: more.pipeline ?? PIPELINE,
  epoch: more.epoch ?? epoch(1),
  lanes: new Map(
    Object.entries(lanes).map(([lane, next]) => [
      laneId(lane),
      { next: offset(next), generation: generation(more.generation ?? 1) },
    ]),
  ),
  ...(more.state === undefined ? {} : { state: more.state }),
  ...(more.prune === undefined ? {} : { prune: more.prune }),
});

let tokens = 0x4000_0000_0000_0001n;
/** Beyond what a double holds, and never the same twice. */
export function nextToken(): SnapshotId {
  tokens += 1n;
  return snapshotId(tokens);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

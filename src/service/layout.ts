/** From a table's own properties and the daemon's defaults to what its data files look like. Owns the property names. */
import { SluiceError } from '../core/errors.ts';
import type { FileLayout } from '../contracts/column-engine.ts';
import type { TableView } from '../contracts/table-format.ts';
import type { TableDefinition } from '../contracts/tables.ts';

const TARGET_FILE_SIZE = 'write.target-file-size-bytes';
export const COMPRESSION = 'write.parquet.compression-codec';
const METRICS_COLUMNS = 'write.metadata.metrics.max-inferred-column-defaults';
const DEFAULT_METRICS_COLUMNS = 100;

export type Shape = Pick<TableView, 'schema' | 'spec' | 'sortOrder' | 'properties'>;

/** As the table will be, before it exists. Ids of partition fields do not matter to files. */
export const shapeOf = ({ fields, partition, sortOrder, properties }: TableDefinition): Shape => ({
  schema: { schemaId: 0, fields },
  spec: { specId: 0, fields: partition.map((field, at) => ({ ...field, fieldId: 1000 + at })) },
  sortOrder: sortOrder ?? { orderId: 0, fields: [] },
  properties,
});

export interface LayoutDefaults {
  readonly targetBytes: number;
  readonly compression: FileLayout['compression'];
}

/** Throws kind `unsupported` for a property whose value cannot be honoured. */
export function layoutOf(view: Shape, defaults: LayoutDefaults): FileLayout {
  return {
    schema: view.schema,
    spec: view.spec,
    sortOrder: view.sortOrder,
    targetFileBytes: positive(view, TARGET_FILE_SIZE) ?? defaults.targetBytes,
    compression: compressionOf(view.properties.get(COMPRESSION), defaults.compression),
    metricsColumns: positive(view, METRICS_COLUMNS) ?? DEFAULT_METRICS_COLUMNS,
  };
}

/** The size that files of the table aim at, also for a table that cannot be written because another of its properties cannot be honoured. */
export function targetBytesOf(view: Pick<Shape, 'properties'>, { targetBytes }: LayoutDefaults): number {
  const value = Number(view.properties.get(TARGET_FILE_SIZE) ?? Number.NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : targetBytes;
}

function compressionOf(codec: string | undefined, otherwise: FileLayout['compression']): FileLayout['compression'] {
  switch (codec) {
    case undefined:
      return otherwise;
    case 'zstd':
    case 'snappy':
      return codec;
    case 'uncompressed':
      return 'none';
    default:
      throw unsupported(COMPRESSION, codec, 'zstd, snappy or uncompressed');
  }
}

function positive(view: Shape, key: string): number | undefined {
  const text = view.properties.get(key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw unsupported(key, text, 'a positive integer');
}

const unsupported = (key: string, value: string, expected: string): SluiceError =>
  new SluiceError('unsupported', `table property ${key} is ${JSON.stringify(value)}`, {
    remedy: `set it to ${expected}`,
  });

/** The column engine without native code, for flat schemas: slower, in the memory of the process, and an independent second encoder. */
import type { ColumnEngine, FileLayout } from '../../contracts/column-engine.ts';
import { isPrimitive } from '../../record/types.ts';
import { checkLayout, refuse } from '../engine/layout-check.ts';
import type { SpoolOptions } from '../engine/spooling-engine.ts';
import { emptyDirectory, SpoolingEngine } from '../engine/spooling-engine.ts';
import { ParquetJsEncoder } from './parquetjs-encoder.ts';

/** `maxPieceBytes` bounds what is in memory as rows at a time: some fifteen times as many bytes. */
export function createParquetJsEngine(options: SpoolOptions): ColumnEngine {
  emptyDirectory(options.directory);
  return new SpoolingEngine(options, {
    validate,
    encoderFor: (layout) => new ParquetJsEncoder(layout),
    close: () => undefined,
  });
}

function validate(layout: FileLayout): void {
  checkLayout(layout);
  for (const { name, type } of layout.schema.fields)
    if (!isPrimitive(type))
      refuse(
        `column ${name} is a ${type.kind}, and encoder parquetjs writes flat schemas only`,
        'use encoder duckdb, or flatten the column',
      );
  if (layout.compression === 'zstd')
    refuse('encoder parquetjs does not write zstd', 'use compression snappy or none, or encoder duckdb');
}

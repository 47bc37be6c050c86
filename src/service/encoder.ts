/** Which column engine the settings ask for, and what tables need that it writes. Owns the choice and its figures. */
import { join } from 'node:path';
import { createDuckDbEngine } from '../columnar/engine/duckdb-engine.ts';
import { nameMapping } from '../columnar/parquetjs/name-mapping.ts';
import { createParquetJsEngine } from '../columnar/parquetjs/parquetjs-engine.ts';
import type { Settings } from '../config/settings.ts';
import type { ColumnEngine } from '../contracts/column-engine.ts';
import type { TableDefinition } from '../contracts/tables.ts';
import { NAME_MAPPING_PROPERTY } from '../record/name-mapping.ts';
import { COMPRESSION } from './layout.ts';

const THREADS = 2;
const MAX_WRITES = 2;
const DUCKDB_PIECE_BYTES = 128 * 1024 * 1024;
/** Rows become JavaScript objects there: some fifteen times as many bytes in memory. */
const PARQUETJS_PIECE_BYTES = 8 * 1024 * 1024;

export interface EngineSettings extends Pick<Settings, 'encoder' | 'spoolDir'> {
  readonly memory: Pick<Settings['memory'], 'duckdbBytes'>;
}

export async function openEngine(settings: EngineSettings): Promise<ColumnEngine> {
  if (settings.encoder === 'parquetjs')
    return createParquetJsEngine({
      directory: join(settings.spoolDir, 'parquetjs'),
      maxPieceBytes: PARQUETJS_PIECE_BYTES,
    });
  return createDuckDbEngine({
    directory: join(settings.spoolDir, 'duckdb'),
    threads: THREADS,
    memoryLimitBytes: settings.memory.duckdbBytes,
    maxWrites: MAX_WRITES,
    maxPieceBytes: DUCKDB_PIECE_BYTES,
  });
}

/** Properties that a new table of this daemon gets unless it says otherwise. */
export function tableDefaults(settings: Settings, definition: TableDefinition): TableDefinition {
  if (settings.encoder !== 'parquetjs') return definition;
  const mapping = nameMapping({ schemaId: 0, fields: definition.fields });
  const defaults: readonly (readonly [string, string])[] = [
    [COMPRESSION, settings.file.compression === 'none' ? 'uncompressed' : 'snappy'],
    [NAME_MAPPING_PROPERTY, mapping],
  ];
  return { ...definition, properties: new Map([...defaults, ...definition.properties]) };
}

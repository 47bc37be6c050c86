/** Which column engine the settings ask for, and what its tables need. Owns the choice and its figures. */
import { join } from 'node:path';
import { createDuckDbEngine } from '../columnar/engine/duckdb-engine.ts';
import type { Settings } from '../config/settings.ts';
import type { ColumnEngine } from '../contracts/column-engine.ts';
import type { TableDefinition } from '../contracts/tables.ts';

const THREADS = 2;
const MAX_WRITES = 2;
const MAX_PIECE_BYTES = 128 * 1024 * 1024;

export async function openEngine(settings: Settings): Promise<ColumnEngine> {
  return createDuckDbEngine({
    directory: join(settings.spoolDir, 'duckdb'),
    threads: THREADS,
    memoryLimitBytes: settings.memory.duckdbBytes,
    maxWrites: MAX_WRITES,
    maxPieceBytes: MAX_PIECE_BYTES,
  });
}

export const tableDefaults = (_settings: Settings, definition: TableDefinition): TableDefinition => definition;

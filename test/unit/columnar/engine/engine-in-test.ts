/** A DuckDB engine in a directory of its own, and another DuckDB that reads what it wrote. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection, Json } from '@duckdb/node-api';
import { afterAll, beforeAll } from 'vitest';
import { createDuckDbEngine } from '../../../../src/columnar/engine/duckdb-engine.ts';
import type { ColumnEngine, FileLayout } from '../../../../src/contracts/column-engine.ts';
import type { WrittenFile } from '../../../../src/record/data-file.ts';
import type { Field, Type } from '../../../../src/record/types.ts';

export interface EngineInTest {
  readonly engine: ColumnEngine;
  write(layout: FileLayout, lines: readonly string[]): Promise<readonly WrittenFile[]>;
  /** Rows of one query, as JSON values. */
  read(sql: string): Promise<readonly Readonly<Record<string, Json>>[]>;
}

export function useEngine(memoryLimitBytes = 512 * 1024 * 1024): EngineInTest {
  let base = '';
  let engine: ColumnEngine | undefined;
  let reader: DuckDBConnection | undefined;
  let count = 0;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'engine-'));
    engine = await createDuckDbEngine({
      directory: join(base, 'work'),
      threads: 2,
      memoryLimitBytes,
      maxWrites: 2,
      maxPieceBytes: 256 * 1024 * 1024,
    });
    reader = await (await DuckDBInstance.create(':memory:')).connect();
  });
  afterAll(async () => {
    await engine?.close();
    reader?.closeSync();
    await rm(base, { recursive: true, force: true });
  });
  const use: EngineInTest = {
    get engine() {
      if (engine === undefined) throw new Error('the suite has not started');
      return engine;
    },
    async write(layout, lines) {
      count += 1;
      const staging = use.engine.staging(layout, `t${count}`);
      staging.append(Buffer.from(lines.map((line) => `${line}\n`).join('')), lines.length);
      return staging.write(new AbortController().signal);
    },
    async read(sql) {
      return (await reader?.runAndReadAll(sql))?.getRowObjectsJson() ?? [];
    },
  };
  return use;
}

export const field = (id: number, name: string, type: Type): Field => ({ id, name, type, required: false });

export const layoutOf = (fields: readonly Field[], parts: Partial<FileLayout> = {}): FileLayout => ({
  schema: { schemaId: 0, fields },
  spec: { specId: 0, fields: [] },
  sortOrder: { orderId: 0, fields: [] },
  targetFileBytes: 128 * 1024 * 1024,
  compression: 'zstd',
  metricsColumns: 100,
  ...parts,
});

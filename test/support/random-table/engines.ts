/** The native engines that the tables of a test share: opening them takes longer than a table lives. Owns their directory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { createDuckDbEngine } from '../../../src/columnar/engine/duckdb-engine.ts';
import { DuckDbRewriter } from '../../../src/columnar/rewrite/duckdb-rewriter.ts';
import type { ColumnEngine } from '../../../src/contracts/column-engine.ts';

const MIB = 1024 * 1024;

export interface Engines {
  readonly engine: ColumnEngine;
  readonly rewriter: DuckDbRewriter;
  readonly duckdb: DuckDBConnection;
  readonly directory: string;
  close(): Promise<void>;
}

export async function openEngines(): Promise<Engines> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-maintained-'));
  const memory = { threads: 2, memoryLimitBytes: 256 * MIB };
  const engine = await createDuckDbEngine({
    ...memory,
    directory: join(directory, 'engine'),
    maxWrites: 1,
    maxPieceBytes: 64 * MIB,
  });
  const rewriter = new DuckDbRewriter({ ...memory, directory: join(directory, 'rewriter') });
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const duckdb = await instance.connect();
  const close = async (): Promise<void> => {
    await engine.close();
    await rewriter.close();
    duckdb.closeSync();
    instance.closeSync();
    await rm(directory, { recursive: true, force: true });
  };
  return { engine, rewriter, duckdb, directory, close };
}

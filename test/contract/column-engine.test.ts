import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDuckDbEngine } from '../../src/columnar/engine/duckdb-engine.ts';
import { createParquetJsEngine } from '../../src/columnar/parquetjs/parquetjs-engine.ts';
import { describeColumnEngine } from './column-engine.ts';

describeColumnEngine('duckdb', async () => {
  const base = await mkdtemp(join(tmpdir(), 'column-engine-'));
  const directory = join(base, 'work');
  const engine = await createDuckDbEngine({
    directory,
    threads: 2,
    memoryLimitBytes: 512 * 1024 * 1024,
    maxWrites: 2,
    maxPieceBytes: 64 * 1024 * 1024,
  });
  return {
    engine,
    directory,
    compression: 'zstd',
    close: async () => {
      await engine.close();
      await rm(base, { recursive: true, force: true });
    },
  };
});

describeColumnEngine('parquetjs', async () => {
  const base = await mkdtemp(join(tmpdir(), 'column-engine-'));
  const directory = join(base, 'work');
  const engine = createParquetJsEngine({ directory, maxPieceBytes: 16 * 1024 * 1024 });
  return {
    engine,
    directory,
    compression: 'snappy',
    close: async () => {
      await engine.close();
      await rm(base, { recursive: true, force: true });
    },
  };
});

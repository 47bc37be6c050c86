/** A rewriter beside an engine that writes its inputs and deletes, and a DuckDB that writes files as foreign engines do. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { DuckDbRewriter } from '../../../../src/columnar/rewrite/duckdb-rewriter.ts';
import type { FileLayout } from '../../../../src/contracts/column-engine.ts';
import type { FileRewriter, RewriteInput, RewriteRequest, Rewritten } from '../../../../src/contracts/file-rewriter.ts';
import type { WrittenFile } from '../../../../src/record/data-file.ts';
import type { Field } from '../../../../src/record/types.ts';

const NEVER = new AbortController().signal;

export interface RewriterInTest {
  readonly rewriter: FileRewriter;
  /** A path in a directory that goes with the suite. */
  readonly path: (name: string) => string;
  readonly rewrite: (
    request: Pick<RewriteRequest, 'layout' | 'inputs'> & Partial<RewriteRequest>,
  ) => Promise<Rewritten>;
}

export function useRewriter(threads = 2, memoryLimitBytes = 256 * 1024 * 1024): RewriterInTest {
  let base = '';
  let rewriter: FileRewriter | undefined;
  let count = 0;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rewriter-'));
    rewriter = new DuckDbRewriter({ threads, memoryLimitBytes, directory: join(base, 'work') });
  });
  afterAll(async () => {
    await rewriter?.close();
    await rm(base, { recursive: true, force: true });
  });
  const use: RewriterInTest = {
    get rewriter() {
      if (rewriter === undefined) throw new Error('the suite has not started');
      return rewriter;
    },
    path: (name) => join(base, name),
    rewrite: async (request) => {
      count += 1;
      const directory = join(base, `out-${count}`);
      await mkdir(directory);
      return use.rewriter.rewrite(
        {
          positionDeletes: [],
          equalityDeletes: [],
          constants: new Map(),
          nameMapping: undefined,
          files: 1,
          ...request,
        },
        directory,
        NEVER,
      );
    },
  };
  return use;
}

export const inputOf = (file: WrittenFile, sequenceNumber = 1n): RewriteInput => ({
  uri: `s3://bucket/table/data${file.localPath}`,
  localPath: file.localPath,
  sequenceNumber,
  recordCount: file.recordCount,
  fileSizeInBytes: file.fileSizeInBytes,
});

export const plainLayout = (fields: readonly Field[], parts: Partial<FileLayout> = {}): FileLayout => ({
  schema: { schemaId: 0, fields },
  spec: { specId: 0, fields: [] },
  sortOrder: { orderId: 0, fields: [] },
  targetFileBytes: 128 * 1024 * 1024,
  compression: 'zstd',
  metricsColumns: 100,
  ...parts,
});

/** Compacts `bench.compact` of a configuration once, alone in its process, and prints what that took as JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommitQueue } from '../../src/commit/commit-queue.ts';
import { DuckDbRewriter } from '../../src/columnar/rewrite/duckdb-rewriter.ts';
import { loadSettings } from '../../src/config/load.ts';
import { NO_TRACER } from '../../src/contracts/tracing.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { Compactor } from '../../src/maintenance/compactor.ts';
import { layoutOf } from '../../src/service/layout.ts';
import { compactionPolicy } from '../../src/service/maintenance-policy.ts';
import { openWarehouse } from '../../src/service/warehouse.ts';
import { LocalScratch } from '../../src/store/local-scratch.ts';
import { TABLE } from './compact-table.ts';
import { cpuSeconds, peakBytes } from './measure.ts';

const settings = loadSettings(process.argv[2], {
  env: {},
  directory: '/',
  readFile: (path) => readFileSync(path, 'utf8'),
});
const runtime = systemRuntime;
const warehouse = openWarehouse(settings, runtime);
const { memoryBytes, threads, compaction } = settings.maintenance;
const directory = join(settings.spoolDir, 'bench');
const rewriter = new DuckDbRewriter({ threads, memoryLimitBytes: memoryBytes, directory: join(directory, 'engine') });
const compactor = new Compactor({
  tables: warehouse.format,
  format: warehouse.maintenance,
  locations: warehouse.locations,
  runtime,
  rewriter,
  scratch: new LocalScratch(join(directory, 'files'), warehouse.locations),
  layoutOf: (view) => layoutOf(view, settings.file),
  limitsOf: (view) => compactionPolicy(view, settings.file.targetBytes, compaction),
  history: () => [],
  calm: () => Promise.resolve(),
  onBytes: () => undefined,
  tracer: NO_TRACER,
});
const loaded = await warehouse.format.load(TABLE);
if (loaded.kind === 'absent') throw new Error('there is no table');
const { view } = loaded;
const idlePeak = await peakBytes(process.pid);
const before = await cpuSeconds(process.pid);
const started = performance.now();
const plan = await compactor.plan(view);
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const target = { name: TABLE, uuid: view.uuid, queue: new CommitQueue() };
const result = await compactor.run(
  target,
  view,
  plan,
  { log, progress: () => undefined },
  new AbortController().signal,
);
const measured = {
  seconds: (performance.now() - started) / 1000,
  cpuSeconds: (await cpuSeconds(process.pid)) - before,
  peak: await peakBytes(process.pid),
  idlePeak,
  filesAfter: result.filesAdded,
  bytesWritten: Number(result.bytesWritten),
};
await rewriter.close();
await warehouse.close();
process.stdout.write(`${JSON.stringify(measured)}\n`);

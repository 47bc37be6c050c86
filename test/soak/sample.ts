/** One look at a daemon from outside: what the system says of its process, its folders, and its own metrics. Linux. */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchAgain } from '../support/fetch-again.ts';

export interface Sample {
  /** Seconds since the load began. */
  readonly at: number;
  readonly rssBytes: number;
  /** Objects and buffers of JavaScript, garbage included. */
  readonly heapBytes: number;
  /** `rssBytes` without what V8 has reserved: code, DuckDB, buffers of the C library. */
  readonly nativeBytes: number;
  readonly threads: number;
  /** Open descriptors that are connections, which clients decide about. */
  readonly sockets: number;
  /** All others: files, pipes, event queues. */
  readonly files: number;
  readonly logBytes: number;
  readonly segments: number;
  readonly spoolBytes: number;
  /** Objects that the daemon keeps beside tables: checkpoint records and producer state. */
  readonly ownObjects: number;
  /** Files of the tables, live or not. */
  readonly tableFiles: number;
  /** The largest current metadata file. */
  readonly metadataBytes: number;
  readonly loopDelaySeconds: number;
  /** Age of the oldest record that is not in its table, of all tables. */
  readonly freshnessSeconds: number;
  /** Checkpoints so far, of all tables. */
  readonly commits: number;
  /** Series of `sluice_*` without those that have a table; a histogram counts once. */
  readonly plainSeries: number;
  /** Values of the label `table`. */
  readonly tables: ReadonlySet<string>;
}

export async function takeSample(url: string, pid: number, dataFolder: string, at: number): Promise<Sample> {
  const metrics = parseMetrics(await (await fetchAgain(`${url}/metrics`)).text());
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  const rssBytes = field('VmRSS') * 1024;
  const externalBytes = metrics.sum('nodejs_external_memory_bytes');
  const segments = (await filesIn(join(dataFolder, 'log'))).filter(({ path }) => path.includes('/segment-'));
  const warehouse = await filesIn(join(dataFolder, 'warehouse'));
  const [own, ofTables] = [true, false].map((wanted) =>
    warehouse.filter(({ path }) => /\/warehouse\/[._]/.test(path) === wanted),
  );
  const descriptors = await descriptorsOf(pid);
  return {
    at,
    rssBytes,
    heapBytes: metrics.sum('nodejs_heap_size_used_bytes') + externalBytes,
    nativeBytes: rssBytes - metrics.sum('nodejs_heap_size_total_bytes') - externalBytes,
    threads: field('Threads'),
    ...descriptors,
    logBytes: bytesOf(segments),
    segments: segments.length,
    spoolBytes: bytesOf(await filesIn(join(dataFolder, 'spool'))),
    ownObjects: own?.length ?? 0,
    tableFiles: ofTables?.length ?? 0,
    metadataBytes: Math.max(
      0,
      ...(ofTables ?? []).flatMap(({ path, bytes }) => (path.endsWith('.json') ? [bytes] : [])),
    ),
    loopDelaySeconds: metrics.sum('nodejs_eventloop_lag_p99_seconds'),
    freshnessSeconds: metrics.most('sluice_table_freshness_seconds'),
    commits: metrics.sum('sluice_commits_total'),
    plainSeries: metrics.plainSeries,
    tables: metrics.tables,
  };
}

interface FileFacts {
  readonly path: string;
  readonly bytes: number;
}

const bytesOf = (files: readonly FileFacts[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Of the folder and those below; what goes away meanwhile is left out. */
async function filesIn(folder: string): Promise<readonly FileFacts[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        // Data files are many and are only counted.
        const facts =
          name.endsWith('.parquet') || name.endsWith('.avro') ? { size: 0 } : await stat(path).catch(() => undefined);
        return facts === undefined ? [] : [{ path, bytes: facts.size }];
      }),
  );
  return files.flat();
}

async function descriptorsOf(pid: number): Promise<{ readonly sockets: number; readonly files: number }> {
  const folder = `/proc/${pid}/fd`;
  const targets = await Promise.all(
    (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => undefined)),
  );
  const open = targets.filter((target) => target !== undefined);
  const sockets = open.filter((target) => target.startsWith('socket:')).length;
  return { sockets, files: open.length - sockets };
}

function parseMetrics(text: string) {
  const lines = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels,
    value: Number(value),
  }));
  const valuesOf = (wanted: string): readonly number[] =>
    lines.filter(({ name }) => name === wanted).map(({ value }) => value);
  const ours = lines.filter(({ name }) => name.startsWith('sluice_'));
  const tableOf = (labels: string): string | undefined => /(?:^|,)table="([^"]*)"/.exec(labels)?.[1];
  const plain = ours.filter(({ labels, name }) => tableOf(labels) === undefined && !/_(?:bucket|sum)$/.test(name));
  return {
    sum: (name: string): number => valuesOf(name).reduce((sum, value) => sum + value, 0),
    most: (name: string): number => Math.max(0, ...valuesOf(name)),
    plainSeries: plain.length,
    tables: new Set(ours.flatMap(({ labels }) => tableOf(labels) ?? [])),
  };
}

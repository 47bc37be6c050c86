/** Tables by other writers: read, extended and merged without loss (conformance 8.5; checklist 8.6, 8.7). */
import { describe, expect, it } from 'vitest';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { openIceberg } from '../../../src/iceberg/open-iceberg.ts';
import { printMetadata } from '../../../src/iceberg/metadata-json.ts';
import { golden } from '../../support/iceberg/golden.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { collect, dataFile, nextToken, progressTo } from '../../support/iceberg/samples.ts';
import { lintTable } from '../../support/iceberg-linter/index.ts';

const NAME = { namespace: ['n'], name: 't' };

async function open(writer: 'pyiceberg-0.12.0' | 'iceberg-java-1.12.0', properties: Record<string, string> = {}) {
  const table = await golden(writer);
  const pointers = new MemoryPointers();
  const iceberg = openIceberg(pointers, table.locations, 'file:///tmp/gold', systemRuntime);
  await pointers.create(NAME, table.metadataLocation);
  let { view } = await load(iceberg);
  if (Object.keys(properties).length > 0) {
    const at = view.metadataLocation.replace('/00003-', '/00004-');
    const metadata = { ...view.metadata, properties: { ...view.metadata.properties, ...properties } };
    await table.store.put(table.locations.resolve(at).key, Buffer.from(printMetadata(metadata)), { kind: 'if-absent' });
    await pointers.swap(NAME, view.metadataLocation, at);
    ({ view } = await load(iceberg));
  }
  return { ...iceberg, ...table, view };
}

async function load(iceberg: ReturnType<typeof openIceberg>) {
  const loaded = await iceberg.format.load(NAME);
  if (loaded.kind !== 'loaded') throw new Error('absent');
  return loaded;
}

async function append(
  table: Awaited<ReturnType<typeof open>>,
  file: string,
  tuple: readonly (string | number | bigint | null)[],
) {
  const base = await load(table);
  const change = {
    kind: 'append' as const,
    added: [dataFile(`${base.view.location}/data/${file}`, tuple)],
    progress: progressTo({ l: 1 }),
  };
  const prepared = await table.format.prepare(base.view, change, nextToken());
  const outcome = await table.format.attempt(base.view, prepared);
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  return outcome.view;
}

const CASES = [
  {
    writer: 'pyiceberg-0.12.0',
    live: ['9007199254740993', '2024-03-05', '14.20', 'kä'],
    tuple: [3n, 19_787, null, 'x'],
  },
  { writer: 'iceberg-java-1.12.0', live: ['2024-03-05', '14.20', '2', 'kä'], tuple: [19_787, null, 3, 'x'] },
] as const;

describe.each(CASES)('a table by $writer', ({ writer, live, tuple }) => {
  it('shows its live files with their partitions, and not the deleted one', async () => {
    const table = await open(writer);
    const files = await collect(table.tables.files(table.view));
    expect(files.map((file) => file.partition)).toEqual([live]);
    expect(files[0]).toMatchObject({ recordCount: 1n, specId: 0 });
  });

  it('shows its history, oldest first', async () => {
    const table = await open(writer);
    const history = table.tables.snapshots(table.view);
    expect(history.map((snapshot) => snapshot.operation)).toEqual(['append', 'append', 'delete']);
    expect(history.map((snapshot) => snapshot.sequenceNumber)).toEqual([1n, 2n, 3n]);
  });

  it('is extended: files of both, totals carried on, the manifest without live files dropped (8.7)', async () => {
    const table = await open(writer);
    const view = await append(table, 'ours', tuple);
    const files = await collect(table.tables.files(view));
    expect(files.map((file) => file.partition)).toEqual([expect.arrayContaining(['x']), live]);
    const summary = table.tables.snapshots(view).at(-1)?.summary;
    expect(summary?.get('total-records')).toBe('11');
    expect(summary?.get('manifests-kept')).toBe('1');
  });

  it('has its manifests merged with ours, with their own numbers (8.6)', async () => {
    const table = await open(writer, { 'commit.manifest.min-count-to-merge': '2' });
    await append(table, 'one', tuple);
    const view = await append(table, 'two', tuple);
    const files = await collect(table.tables.files(view));
    const names = files.map((file) => file.filePath.replace(/^.*\/data\//, ''));
    expect(names).toHaveLength(3);
    expect(names).toEqual(expect.arrayContaining(['one', 'two']));
    expect(table.tables.snapshots(view).at(-1)?.summary.get('manifests-replaced')).toBe('2');
    const findings = await lintTable(view.metadataLocation, table.locations, { content: false });
    const ours = findings.filter(
      (finding) => finding.where.includes('-merged') || finding.where.includes(`snap-${view.snapshot}`),
    );
    expect(ours).toEqual([]);
  });
});

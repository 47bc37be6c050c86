/** Manifests clustered through the table's commit queue: what becomes of them, and when a group is given up. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManifestRewriter } from '../../../src/maintenance/manifest-rewriter.ts';
import { currentSnapshot } from '../../../src/iceberg/metadata.ts';
import type { PreparedIcebergManifests } from '../../../src/iceberg/prepared-manifests.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { lintTable } from '../../support/iceberg-linter/index.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { TableOfLines } from './table-of-lines.ts';

const NEVER = new AbortController().signal;

let folder: TemporaryFolder;
let table: TableOfLines;
beforeEach(async () => {
  folder = await temporaryFolder();
  table = new TableOfLines(folder.path);
  await table.create(new Map([['commit.manifest-merge.enabled', 'false']]));
  for (const text of ['a', 'b', 'c', 'd', 'e']) await table.append(text);
});
afterEach(() => folder.remove());

const rewriter = (calm: () => Promise<void> = () => Promise.resolve()) =>
  new ManifestRewriter<IcebergView, PreparedIcebergManifests>({
    tables: table.iceberg.format,
    format: table.iceberg.maintenance,
    locations: table.locations,
    runtime: table.runtime,
    calm,
  });
const manifestsOf = async (view: IcebergView) => table.iceberg.lists.of(currentSnapshot(view.metadata));

describe('the rewriter of manifests', () => {
  it('leaves one manifest of existing entries, and the same rows', async () => {
    const rows = await table.rows();
    const result = await rewriter().run(await table.target(), await table.load(), table.report, NEVER);
    expect(result).toEqual({ groupsCommitted: 1, groupsDropped: 0, manifestsRemoved: 5, manifestsAdded: 1 });
    const view = await table.load();
    expect(await manifestsOf(view)).toMatchObject([
      { addedFiles: 0, existingFiles: 5, deletedFiles: 0, minSequenceNumber: 1n, sequenceNumber: 6n },
    ]);
    expect(await table.rows()).toEqual(rows);
    expect(table.logged).toContain('5 manifests became 1');
    expect(await lintTable(view.metadataLocation, table.locations, { content: false })).toEqual([]);
    expect(await rewriter().plan(view)).toEqual([]);
  });

  it('goes on with an append that came in between', async () => {
    const view = await table.load();
    await table.append('f');
    const result = await rewriter().run(await table.target(), view, table.report, NEVER);
    expect(result).toMatchObject({ groupsCommitted: 1, manifestsRemoved: 5 });
    expect(await manifestsOf(await table.load())).toHaveLength(2);
    expect(await table.live()).toHaveLength(6);
  });

  it('gives a group up whose manifests somebody else replaced', async () => {
    const view = await table.load();
    await table.compact();
    const rows = await table.rows();
    const before = (await table.load()).snapshot;
    const result = await rewriter().run(await table.target(), view, table.report, NEVER);
    expect(result).toEqual({ groupsCommitted: 0, groupsDropped: 1, manifestsRemoved: 0, manifestsAdded: 0 });
    expect(table.logged.at(-1)).toMatch(/manifests was dropped: \d of 5 manifests were replaced meanwhile/);
    expect((await table.load()).snapshot).toBe(before);
    expect(await table.rows()).toEqual(rows);
  });

  it('finds its commit when the answer was lost', async () => {
    table.pointers.lose('after-effect');
    const result = await rewriter().run(await table.target(), await table.load(), table.report, NEVER);
    expect(result).toMatchObject({ groupsCommitted: 1 });
    expect((await table.load()).metadata.snapshots).toHaveLength(6);
  });

  it('waits until ingestion has no need of the machine, and ends with the signal', async () => {
    const busy = rewriter(() => Promise.reject(new Error('stopped while waiting')));
    await expect(busy.run(await table.target(), await table.load(), table.report, NEVER)).rejects.toThrow('stopped');
    expect(await manifestsOf(await table.load())).toHaveLength(5);
  });
});

/** A table set back to an ancestor: what goes, what stays, and when it is refused. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { snapshotId, type SnapshotId } from '../../../src/core/ids.ts';
import { planRollback, rollBack, type RollbackParts } from '../../../src/maintenance/rollback.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { lintTable } from '../../support/iceberg-linter/index.ts';
import { PIPELINE } from '../../support/iceberg/samples.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { TableOfLines } from './table-of-lines.ts';

const NEVER = new AbortController().signal;

let folder: TemporaryFolder;
let table: TableOfLines;
let snapshots: SnapshotId[];
beforeEach(async () => {
  folder = await temporaryFolder();
  table = new TableOfLines(folder.path);
  await table.create();
  snapshots = [];
  for (const text of ['a', 'b', 'c']) snapshots.push(headOf(await table.append(text)));
});
afterEach(() => folder.remove());

const headOf = ({ snapshot }: IcebergView): SnapshotId => snapshot ?? snapshotId(0n);
const [A, B, C] = [0, 1, 2].map((at) => () => snapshots[at] ?? snapshotId(0n)) as [
  () => SnapshotId,
  () => SnapshotId,
  () => SnapshotId,
];
const troubles: string[] = [];
const parts = (change: Partial<RollbackParts<IcebergView>> = {}): RollbackParts<IcebergView> => ({
  tables: table.iceberg.format,
  format: table.iceberg.maintenance,
  history: (view) => table.iceberg.tables.snapshots(view),
  runtime: table.runtime,
  onTrouble: (_table, state) => troubles.push(state),
  ...change,
});
const back = async (to: SnapshotId, change: Partial<RollbackParts<IcebergView>> = {}) =>
  rollBack(parts(change), await table.target(), to, NEVER);

describe('a rollback', () => {
  it('takes later rows away, leaves progress where it is, and lets ingestion go on', async () => {
    const before = await table.load();
    const plan = planRollback(parts(), before, A());
    expect(plan).toMatchObject({ kind: 'rolled-back', from: C(), to: A(), snapshots: 2 });
    expect((await table.load()).snapshot).toBe(C());
    expect(await back(A())).toEqual(plan);
    const after = await table.load();
    expect(after.snapshot).toBe(A());
    expect(await table.rows()).toEqual(['a']);
    expect(table.iceberg.format.progress(after, PIPELINE)).toEqual(table.iceberg.format.progress(before, PIPELINE));
    expect(await lintTable(after.metadataLocation, table.locations, { content: false })).toEqual([]);
    const next = await table.append('d');
    expect(await table.rows()).toEqual(['a', 'd']);
    expect(await lintTable(next.metadataLocation, table.locations, { content: false })).toEqual([]);
  });

  it('to where the table is changes nothing', async () => {
    const { metadataLocation } = await table.load();
    expect(await back(C())).toMatchObject({ kind: 'rolled-back', snapshots: 0 });
    expect((await table.load()).metadataLocation).toBe(metadataLocation);
  });

  it('goes to ancestors only', async () => {
    expect(await back(snapshotId(7n))).toEqual({ kind: 'not-an-ancestor' });
    await back(A());
    // Still in the table, but no longer in the history of main.
    expect(await back(B())).toEqual({ kind: 'not-an-ancestor' });
    const view = await table.load();
    expect((await table.iceberg.maintenance.rollBack(view, B())).kind).toBe('conflict');
    expect((await table.load()).snapshot).toBe(A());
  });

  it('waits for a commit under way', async () => {
    const commit = Promise.withResolvers<void>();
    const order: string[] = [];
    void table.queue.run(async () => {
      await commit.promise;
      order.push('commit');
    });
    const rolled = back(A()).then(() => order.push('rollback'));
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    commit.resolve();
    await rolled;
    expect(order).toEqual(['commit', 'rollback']);
  });

  it.each(['before-effect', 'after-effect'] as const)('whose answer is lost (%s) happens once', async (how) => {
    const target = await table.target();
    table.pointers.lose(how);
    expect(await rollBack(parts(), target, B(), NEVER)).toMatchObject({ kind: 'rolled-back', from: C(), to: B() });
    expect((await table.load()).snapshot).toBe(B());
    expect((await table.load()).metadata.snapshotLog.filter((entry) => entry.snapshotId === B())).toHaveLength(2);
  });

  it('takes no commit away that somebody made in the same moment', async () => {
    let meanwhile: SnapshotId | undefined;
    const format: RollbackParts<IcebergView>['format'] = {
      rollBack: async (base, to) => {
        meanwhile ??= headOf(await table.append('theirs'));
        return table.iceberg.maintenance.rollBack(base, to);
      },
    };
    expect(await back(A(), { format })).toEqual({ kind: 'moved' });
    expect((await table.load()).snapshot).toBe(meanwhile);
    expect(await table.rows()).toContain('theirs');
  });

  it('is refused when the name leads to another table', async () => {
    const target = await table.target();
    const other = { ...target, uuid: 'ffffffff-0000-7000-8000-00000000000a' as typeof target.uuid };
    expect(await rollBack(parts(), other, A(), NEVER)).toEqual({ kind: 'moved' });
    expect((await table.load()).snapshot).toBe(C());
  });
});

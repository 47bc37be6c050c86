/** Delete files that no live data file needs leave the table, by partition and sequence number; those that one needs stay. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Field } from '../../../src/record/types.ts';
import { openEngines, type Engines } from '../../support/random-table/engines.ts';
import { partitionedBy } from '../../support/random-table/evolution.ts';
import { MaintainedTable } from '../../support/random-table/maintained-table.ts';
import type { PlacedRow } from '../../support/random-table/table-rows.ts';

const ID: Field = { id: 1, name: 'id', type: { kind: 'long' }, required: true };
const REGION: Field = { id: 2, name: 'region', type: { kind: 'string' }, required: false };

let engines: Engines;
let table: MaintainedTable;
beforeAll(async () => {
  engines = await openEngines();
});
afterAll(() => engines.close());
beforeEach(async () => {
  table = await MaintainedTable.create(engines, [ID, REGION]);
  await table.evolve(partitionedBy([[REGION, { kind: 'identity' }]]));
});

const append = (region: string, ...ids: readonly number[]): Promise<void> =>
  table.append(ids.map((id) => ({ 1: String(id), 2: region })));
const rowOf = async (id: number): Promise<PlacedRow> => {
  const found = (await table.rows()).find(({ values }) => values[1] === String(id));
  if (found === undefined) throw new Error(`row ${id} is not live`);
  return found;
};
const ids = async (): Promise<readonly number[]> =>
  (await table.rows()).map(({ values }) => Number(values[1])).toSorted((a, b) => a - b);
const placeOf = ({ file }: PlacedRow) => ({ specId: file.specId, partition: file.file.partition });
/** An equality delete of one id in the partition of a row. */
const deleteId = async (id: number, there: PlacedRow): Promise<void> =>
  table.deleteEqual([ID], [{ 1: String(id) }], placeOf(there));

describe('compaction', () => {
  it('takes away what another engine left behind when it replaced the files, in a snapshot of its own', async () => {
    await append('north', 1, 2);
    await append('south', 3, 4);
    const [one, three] = [await rowOf(1), await rowOf(3)];
    await table.deletePositions([one], true);
    await deleteId(3, three);
    await table.overwrite(one.file.file.filePath, [(await rowOf(2)).values]);
    await table.overwrite(three.file.file.filePath, [(await rowOf(4)).values]);
    expect(await table.deletes()).toHaveLength(2);

    const plan = await table.plan();
    expect(plan.groups).toEqual([]);
    expect(await table.compact()).toMatchObject({ groupsCommitted: 0, deleteFilesRemoved: 2, filesRemoved: 0 });
    expect(await table.deletes()).toEqual([]);
    expect(await ids()).toEqual([2, 4]);
    const { metadata } = await table.load();
    expect(metadata.snapshots.at(-1)?.summary).toMatchObject({
      operation: 'replace',
      'removed-position-delete-files': '1',
      'removed-equality-delete-files': '1',
    });
  });

  it('leaves an equality delete while a file of its partition is older, and no longer', async () => {
    await append('north', 1);
    await append('north', 2);
    const [one, two] = [await rowOf(1), await rowOf(2)];
    await deleteId(9, one);
    await table.overwrite(one.file.file.filePath, [one.values]);
    expect((await table.plan()).dangling).toEqual([]);
    await table.overwrite(two.file.file.filePath, [two.values]);
    expect((await table.plan()).dangling).toHaveLength(1);
  });

  it('goes by partition: older files elsewhere keep no delete, a delete of all partitions is kept by any of them', async () => {
    await append('north', 1);
    // So many that deletes of one row are not worth a rewrite.
    await append('south', ...Array.from({ length: 20 }, (_, at) => 10 + at));
    const one = await rowOf(1);
    await deleteId(9, one);
    await table.deleteEqual([ID], [{ 1: '8' }], { specId: 0, partition: [] });
    await table.overwrite(one.file.file.filePath, [one.values]);
    expect((await table.plan()).dangling).toHaveLength(1);
    await table.compact();
    expect(await table.deletes()).toHaveLength(1);
    const ten = await rowOf(10);
    await table.overwrite(ten.file.file.filePath, [ten.values]);
    await table.compact();
    expect(await table.deletes()).toEqual([]);
    expect(await ids()).toEqual([1, 10]);
  });

  it('leaves position deletes of a file that is live, whatever other files of their partition are', async () => {
    await append('north', 1, 2);
    await append('north', 3);
    await table.deletePositions([await rowOf(1)], true);
    const three = await rowOf(3);
    await table.overwrite(three.file.file.filePath, [three.values]);
    expect((await table.plan()).dangling).toEqual([]);
    expect(await ids()).toEqual([2, 3]);
  });

  it('takes a delete away that only seems to apply to files it was applied to when they were made', async () => {
    await append('north', 1, 2);
    await append('north', 3);
    const [one, three] = [await rowOf(1), await rowOf(3)];
    await table.deletePositions([one, three], false);
    const before = await table.plan();
    const only = before.groups
      .flatMap(({ files }) => files)
      .filter(({ filePath }) => filePath === one.file.file.filePath);
    const group = { ...before.groups[0], files: only } as (typeof before.groups)[number];
    await table.compact({ ...before, groups: [group] });
    expect(await table.deletes()).toHaveLength(1);
    // The one other file it was about is replaced by another engine.
    await table.overwrite(three.file.file.filePath, []);
    expect((await table.plan()).dangling).toHaveLength(1);
    await table.compact();
    expect(await table.deletes()).toEqual([]);
    expect(await ids()).toEqual([2]);
  });

  it('takes nothing away when a file came meanwhile that an equality delete would apply to', async () => {
    await append('north', 1);
    const one = await rowOf(1);
    await deleteId(9, one);
    await table.overwrite(one.file.file.filePath, [one.values]);
    const [view, plan] = [await table.load(), await table.plan()];
    expect(plan.dangling).toHaveLength(1);
    // A rewrite of somebody else, whose file keeps an older data sequence number.
    const young = await rowOf(1);
    await table.rewriteElsewhere(young.file.file.filePath, [young.values], one.file.sequenceNumber);
    expect(await table.compact(plan, view)).toMatchObject({ deleteFilesRemoved: 0 });
    expect(await table.deletes()).toHaveLength(1);
    expect(await ids()).toEqual([1]);
  });
});

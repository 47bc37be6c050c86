/** What a producer is told of a position: the commit that brought it, or one that holds it, and never a word too early. */
import { describe, expect, test } from 'vitest';
import { Positions } from '../../../src/checkpoint/positions.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { laneId, offset, snapshotId } from '../../../src/core/ids.ts';

const lane = laneId('a'.repeat(32));
const other = laneId('b'.repeat(32));
const at = (next: number) => ({ lane, offset: offset(next) });
const ends = (next: number) => new Map([[lane, offset(next)]]);
const state = async (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work.catch((error: unknown) => error), new Promise((resolve) => setImmediate(() => resolve('waits')))]);

describe('a position', () => {
  test('is unknown beyond the log, durable in it, committed once the table has reached it', () => {
    const positions = new Positions();
    expect(positions.stateOf(at(5), undefined)).toEqual({ kind: 'unknown-position' });
    expect(positions.stateOf(at(5), offset(4))).toEqual({ kind: 'unknown-position' });
    expect(positions.stateOf(at(5), offset(5))).toEqual({ kind: 'durable' });
    positions.committed(ends(5), snapshotId(1n), 10);
    expect(positions.stateOf(at(5), undefined)).toEqual({ kind: 'committed', snapshot: 1n, at: 10 });
  });

  test('names the commit that brought it, not a later one that passes it', () => {
    const positions = new Positions();
    positions.restore(ends(3), { snapshot: snapshotId(7n), at: 1 });
    positions.committed(ends(6), snapshotId(8n), 2);
    positions.committed(ends(9), snapshotId(9n), 3);
    expect(positions.stateOf(at(3), undefined)).toEqual({ kind: 'committed' });
    expect(positions.stateOf(at(4), undefined)).toMatchObject({ snapshot: 8n });
    expect(positions.stateOf(at(7), undefined)).toMatchObject({ snapshot: 9n });
  });

  test('is not committed any more when the table has gone back behind it', () => {
    const positions = new Positions();
    positions.committed(ends(6), snapshotId(8n), 2);
    positions.restore(ends(4), { snapshot: snapshotId(7n), at: 3 });
    expect(positions.stateOf(at(5), offset(6))).toEqual({ kind: 'durable' });
    positions.restore(new Map(), undefined);
    expect(positions.stateOf(at(1), offset(6))).toEqual({ kind: 'durable' });
  });
});

describe('whoever waits', () => {
  test('hears of the commit that reaches the position, and of no other lane', async () => {
    const positions = new Positions();
    const waits = positions.wait(at(5));
    positions.committed(new Map([[other, offset(9)]]), snapshotId(1n), 1);
    expect(await state(waits)).toBe('waits');
    positions.committed(ends(4), snapshotId(2n), 2);
    expect(await state(waits)).toBe('waits');
    positions.committed(ends(5), snapshotId(3n), 3);
    expect(await waits).toEqual({ snapshot: 3n, at: 3 });
  });

  test('hears of a commit that only the table told us of', async () => {
    const positions = new Positions();
    const waits = positions.wait(at(5));
    positions.restore(ends(5), { snapshot: snapshotId(4n), at: 4 });
    expect(await waits).toEqual({ snapshot: 4n, at: 4 });
    // Asking late is answered, too, by a snapshot that holds it.
    expect(await positions.wait(at(2))).toEqual({ snapshot: 4n, at: 4 });
  });

  test('is told at once when the table will not learn it, until it is taken up again', async () => {
    const positions = new Positions();
    const gone = new SluiceError('closed', 'the table is gone');
    const waits = positions.wait(at(5));
    positions.close(gone);
    await expect(waits).rejects.toBe(gone);
    await expect(positions.wait(at(6))).rejects.toBe(gone);
    positions.restore(ends(5), { snapshot: snapshotId(4n), at: 4 });
    expect(await state(positions.wait(at(6)))).toBe('waits');
  });
});

test('ends beyond the table are those it has not reached', () => {
  const positions = new Positions();
  positions.restore(ends(5), undefined);
  const asked = new Map([
    [lane, offset(5)],
    [other, offset(1)],
  ]);
  expect([...positions.beyond(asked)]).toEqual([[other, 1n]]);
});

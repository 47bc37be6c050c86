/** What every `Log` promises to those who append, replay and trim. What a power cut leaves is tested where power can be cut. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../src/contracts/disk.ts';
import type { AppendOutcome, Entry, EntryDraft } from '../../src/contracts/log.ts';
import { offset, tableUuid } from '../../src/core/ids.ts';
import type { OpenLogOptions } from '../../src/lane/open-log.ts';
import { openLog } from '../../src/lane/open-log.ts';
import { TABLE_A, TABLE_B, append, collect, draft, textOf } from '../support/sim-disk/log-helpers.ts';
import { testRuntime } from '../support/sim-disk/test-runtime.ts';

export interface LogUnderTest {
  readonly disk: Disk;
  readonly directory: string;
  readonly cleanUp: () => Promise<void>;
}

export function describeLog(name: string, make: () => Promise<LogUnderTest>): void {
  describe(`Log: ${name}`, () => {
    const cleanUps: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    });

    /** Opens life after life of one log; the runtime goes on. */
    const setUp = async (options: Partial<OpenLogOptions> = {}) => {
      const { disk, directory, cleanUp } = await make();
      cleanUps.push(cleanUp);
      const runtime = testRuntime();
      return { runtime, open: () => openLog({ disk, directory, runtime, ...options }) };
    };

    it('answers entries with consecutive offsets over all tables and calls', async () => {
      const { open } = await setUp();
      const log = await open();
      const first = await append(log, draft(TABLE_A, 'a', 3), draft(TABLE_B, 'b', 2));
      const second = await append(log, draft(TABLE_A, 'c', 1));
      expect([...first, ...second].map((entry) => entry.baseOffset)).toEqual([0n, 3n, 5n]);
      expect(new Set([...first, ...second].map((entry) => entry.lane)).size).toBe(1);
      await log.close();
    });

    it('gives back what was appended: payload, schema, options, producer', async () => {
      const { open } = await setUp();
      const log = await open();
      const plain = draft(TABLE_A, 'plain', 2);
      const stamped: EntryDraft = {
        ...draft(TABLE_A, 'stamped ✓'),
        ignoreUnknownFields: true,
        producer: { kind: 'channel', name: 'ünï', epoch: 7n, offset: 2n ** 62n, records: 3 },
      };
      await append(log, plain, stamped);
      await log.close();
      const [one, two] = await collect(await open(), TABLE_A);
      expect(one).toMatchObject({ ...plain, baseOffset: 0n });
      expect(two).toMatchObject({ ...stamped, baseOffset: 2n });
      expect(one).not.toHaveProperty('producer');
      expect(one).not.toHaveProperty('ignoreUnknownFields');
    });

    it('calls onAppended in offset order before any later step, and before the answer', async () => {
      const { open } = await setUp();
      const log = await open();
      const seen: string[] = [];
      const calls = Array.from({ length: 20 }, (_, index) =>
        log
          .append([draft(TABLE_A, `${index}`)], (entries) => seen.push(`staged ${entries[0]?.baseOffset}`))
          .then(() => seen.push(`answered ${index}`)),
      );
      await Promise.all(calls);
      const staged = seen.filter((step) => step.startsWith('staged'));
      expect(staged).toEqual(Array.from({ length: 20 }, (_, index) => `staged ${index}`));
      for (let index = 0; index < 20; index++)
        expect(seen.indexOf(`staged ${index}`)).toBeLessThan(seen.indexOf(`answered ${index}`));
      await log.close();
    });

    it('an error of onAppended fails that call alone; its entries are stored', async () => {
      const { open } = await setUp();
      const log = await open();
      const failing = log.append([draft(TABLE_A, 'x')], () => {
        throw new Error('staging broke');
      });
      await Promise.all([expect(failing).rejects.toThrow('staging broke'), append(log, draft(TABLE_A, 'y'))]);
      expect((await collect(log, TABLE_A)).map((entry) => entry.baseOffset)).toEqual([0n, 1n]);
      await log.close();
    });

    it('streams a table lane by lane between bounds, while appends go on', async () => {
      const { open } = await setUp({ segmentBytes: 4096 });
      const first = await open();
      for (let index = 0; index < 40; index++)
        await append(first, draft(TABLE_A, `a${index}`, 2), draft(TABLE_B, `b${index}`));
      await first.close();
      const log = await open();
      for (let index = 40; index < 60; index++) await append(log, draft(TABLE_A, `a${index}`, 2));
      const seen: Entry[] = [];
      for await (const entry of log.entries(TABLE_A, new Map())) {
        seen.push(entry);
        if (seen.length % 10 === 0) await append(log, draft(TABLE_B, 'meanwhile'));
      }
      expect(seen.map((entry) => textOf(entry).includes(`"a${seen.indexOf(entry)}"`)).every(Boolean)).toBe(true);
      expect(seen).toHaveLength(60);
      const [old, now] = log.lanes();
      if (old === undefined || now === undefined) throw new Error('two lanes expected');
      const some = await collect(
        log,
        TABLE_A,
        new Map([[old.lane, offset(30)]]),
        new Map([
          [old.lane, offset(36)],
          [now.lane, offset(2)],
        ]),
      );
      expect(some.map((entry) => [entry.lane, entry.baseOffset])).toEqual([
        [old.lane, 30n],
        [old.lane, 33n],
        [now.lane, 0n],
      ]);
      await log.close();
    });

    it('cuts an entry that lies across a bound, line by line', async () => {
      const { open } = await setUp();
      const log = await open();
      const [entry] = await append(log, draft(TABLE_A, 'x', 5));
      if (entry === undefined) throw new Error('one entry expected');
      const [cut] = await collect(log, TABLE_A, new Map([[entry.lane, offset(1)]]), new Map([[entry.lane, offset(3)]]));
      expect(cut).toMatchObject({ baseOffset: 1n, count: 2 });
      expect(cut === undefined ? '' : textOf(cut)).toBe('{"name":"x","line":1}\n{"name":"x","line":2}\n');
      await log.close();
    });

    it('a new life has a lane of its own; earlier lanes keep their entries until they are committed', async () => {
      const { open, runtime } = await setUp();
      const first = await open();
      await append(first, draft(TABLE_A, 'old', 4));
      await first.close();
      const second = await open();
      expect(second.lanes()).toMatchObject([{ first: 0n, end: 4n }]);
      await append(second, draft(TABLE_A, 'new', 2));
      const [old, now] = second.lanes();
      expect(old?.lane).not.toBe(now?.lane);
      expect(now).toMatchObject({ first: 0n, end: 2n });
      if (old === undefined || now === undefined) throw new Error('two lanes expected');
      second.committed(TABLE_A, new Map([[old.lane, offset(4)]]));
      expect(second.lanes()).toEqual([
        { lane: old.lane, first: 4n, end: 4n },
        { lane: now.lane, first: 0n, end: 2n },
      ]);
      second.committed(TABLE_A, new Map([[now.lane, offset(2)]]));
      runtime.advance(3_600_000);
      await second.trim();
      expect(second.lanes()).toEqual([{ lane: now.lane, first: 2n, end: 2n }]);
      expect(second.trimmed().map((mark) => mark.lane)).toEqual([old.lane, now.lane]);
      await second.close();
    });

    it('knows which tables have something pending, also after a rewind', async () => {
      const { open } = await setUp();
      const log = await open();
      const [entry] = await append(log, draft(TABLE_A, 'a', 2), draft(TABLE_B, 'b'));
      if (entry === undefined) throw new Error('entry expected');
      expect(log.pendingTables()).toEqual([TABLE_A, TABLE_B]);
      log.committed(TABLE_A, new Map([[entry.lane, offset(3)]]));
      expect(log.pendingTables()).toEqual([TABLE_B]);
      expect(log.pendingBytes(TABLE_A)).toBe(0);
      expect(log.pendingBytes(TABLE_B)).toBeGreaterThan(0);
      log.committed(TABLE_A, new Map([[entry.lane, offset(0)]]));
      expect(log.pendingTables()).toEqual([TABLE_A, TABLE_B]);
      await log.close();
    });

    it('keeps a late refusal with its letters, in one frame, over restarts and beyond the progress that passes it', async () => {
      const { open } = await setUp();
      const log = await open();
      const [entry] = await append(log, draft(TABLE_A, 'a', 2));
      if (entry === undefined) throw new Error('entry expected');
      const refusal = { table: TABLE_A, lane: entry.lane, offset: offset(1), cause: 'column ü is gone' };
      const seen: string[] = [];
      const letters = draft(TABLE_B, 'letter', 1);
      const decided = await log.decide([refusal], letters, (entries) =>
        seen.push(...entries.map(({ table }) => table)),
      );
      expect(decided).toMatchObject({ kind: 'appended', entries: [{ ...letters, decides: [refusal] }] });
      expect(seen).toEqual([TABLE_B]);
      await log.close();
      const again = await open();
      expect(again.refusals(TABLE_A)).toEqual([refusal]);
      expect(again.refusals(TABLE_B)).toEqual([]);
      const read = [];
      for await (const each of again.entries(TABLE_B, new Map())) read.push(each);
      expect(read).toMatchObject([{ count: 1, decides: [refusal] }]);
      // The table may be put back below it: the record comes again, and so must the decision.
      again.committed(TABLE_A, new Map([[entry.lane, offset(2)]]));
      expect(again.refusals(TABLE_A)).toEqual([refusal]);
      await again.close();
    });

    it('holds what was buried for nobody, over restarts and trims, and never calls it a gap', async () => {
      const { open, runtime } = await setUp({ trimGraceMs: 0 });
      const log = await open();
      const [entry] = await append(log, draft(TABLE_A, 'gone', 3));
      if (entry === undefined) throw new Error('entry expected');
      const burial = { table: TABLE_A, lane: entry.lane, from: offset(0), next: offset(2) };
      const letters = draft(TABLE_B, 'letters', 2);
      const buried = await log.bury(burial, letters);
      expect(buried).toMatchObject({ kind: 'appended', entries: [{ ...letters, buries: burial }] });
      expect(log.pendingTables()).toEqual([TABLE_A, TABLE_B]);
      await log.bury({ ...burial, from: offset(2), next: offset(3) }, draft(TABLE_B, 'rest', 1));
      expect(log.pendingTables()).toEqual([TABLE_B]);
      await log.close();
      const again = await open();
      expect(again.buried(TABLE_A)).toEqual([{ ...burial, next: 3n }]);
      expect(again.buried(TABLE_B)).toEqual([]);
      expect(again.pendingTables()).toEqual([TABLE_B]);
      again.committed(TABLE_B, new Map([[entry.lane, offset(6)]]));
      runtime.advance(1);
      await again.trim();
      expect(again.trimmed().map(({ table }) => table)).toEqual([TABLE_B]);
      await again.close();
      const last = await open();
      expect(last.buried(TABLE_A)).toEqual([{ ...burial, next: 3n }]);
      await last.close();
    });

    it('remembers what tables were called, and the last name of each', async () => {
      const { open } = await setUp();
      const log = await open();
      const name = (table: string) => ({ namespace: ['a', 'b'], name: table });
      await log.remember(TABLE_A, name('old'));
      await log.remember(TABLE_A, name('new'));
      await append(log, draft(TABLE_A, 'a'));
      await log.close();
      const again = await open();
      expect(again.nameOf(TABLE_A)).toEqual(name('new'));
      expect(again.nameOf(TABLE_B)).toBeUndefined();
      await again.close();
    });

    it('forgets a late refusal with the record it is about, not before', async () => {
      const { open, runtime } = await setUp({ segmentBytes: 2048 });
      const log = await open();
      const [entry] = await append(log, draft(TABLE_A, 'a', 2));
      if (entry === undefined) throw new Error('entry expected');
      const refusal = { table: TABLE_A, lane: entry.lane, offset: offset(1), cause: 'gone' };
      await log.decide([refusal], draft(TABLE_B, 'letter', 1));
      for (let more = 0; more < 50; more += 1)
        await append(log, draft(TABLE_B, `filler ${more} ${'x'.repeat(200)}`, 1));
      const end = log.lanes().at(-1)?.end ?? offset(0);
      log.committed(TABLE_B, new Map([[entry.lane, end]]));
      runtime.advance(3_600_000);
      await log.trim();
      expect(log.refusals(TABLE_A)).toEqual([refusal]);
      log.committed(TABLE_A, new Map([[entry.lane, end]]));
      runtime.advance(3_600_000);
      await log.trim();
      expect(log.refusals(TABLE_A)).toEqual([]);
      await log.close();
    });

    it('trims what every table has committed, remembers how far, and is then smaller', async () => {
      const { open, runtime } = await setUp({ segmentBytes: 2048 });
      const log = await open();
      let last: Entry | undefined;
      for (let index = 0; index < 100; index++) [, last] = await append(log, draft(TABLE_A, 'a'), draft(TABLE_B, 'b'));
      if (last === undefined) throw new Error('entry expected');
      const before = log.status().bytes;
      log.committed(TABLE_A, new Map([[last.lane, offset(200)]]));
      log.committed(TABLE_B, new Map([[last.lane, offset(100)]]));
      runtime.advance(3_600_000);
      await log.trim();
      expect(log.status().bytes).toBeLessThan(before * 0.6);
      const marks = log.trimmed();
      expect(marks.map((mark) => mark.table).sort()).toEqual([TABLE_A, TABLE_B]);
      for (const mark of marks) expect(mark.next).toBeLessThanOrEqual(100n);
      const left = await collect(log, TABLE_B, new Map([[last.lane, offset(100)]]));
      expect(left.map((entry) => entry.baseOffset)).toEqual(
        Array.from({ length: 50 }, (_, index) => BigInt(101 + 2 * index)),
      );
      await log.close();
      const again = await open();
      expect(again.trimmed()).toEqual(marks);
      expect(await collect(again, TABLE_B, new Map([[last.lane, offset(100)]]))).toHaveLength(50);
      await again.close();
    });

    it('gives the whole disk back when everything is committed and old, and goes on in the same lane', async () => {
      const { open, runtime } = await setUp();
      const log = await open();
      const [entry] = await append(log, draft(TABLE_A, 'a', 2));
      if (entry === undefined) throw new Error('entry expected');
      log.committed(TABLE_A, new Map([[entry.lane, offset(2)]]));
      runtime.advance(3_600_000);
      await log.trim();
      expect(log.status().bytes).toBe(0);
      expect(await append(log, draft(TABLE_A, 'b'))).toMatchObject([{ lane: entry.lane, baseOffset: 2n }]);
      await log.close();
      expect((await collect(await open(), TABLE_A)).map((each) => each.baseOffset)).toEqual([2n]);
    });

    it('a parked table holds nothing back and is read as before, over restarts and further appends', async () => {
      const { open, runtime } = await setUp({ segmentBytes: 2048 });
      const log = await open();
      for (let index = 0; index < 60; index++) await append(log, draft(TABLE_A, `a${index}`), draft(TABLE_B, 'b'));
      const before = await collect(log, TABLE_A);
      await log.park(TABLE_A);
      expect(log.status().parked).toEqual([TABLE_A]);
      expect(await collect(log, TABLE_A)).toEqual(before);
      const lane = before[0]?.lane;
      if (lane === undefined) throw new Error('entries expected');
      log.committed(TABLE_B, new Map([[lane, offset(120)]]));
      runtime.advance(3_600_000);
      await log.trim();
      expect(log.trimmed()).toEqual([{ table: TABLE_B, lane, next: 120n }]);
      await append(log, draft(TABLE_A, 'a60'));
      await log.close();
      const again = await open();
      expect(again.status().parked).toEqual([]);
      await again.park(TABLE_A);
      expect(again.status().parked).toEqual([TABLE_A]);
      const after = await collect(again, TABLE_A);
      expect(after.map(textOf)).toEqual([...before.map(textOf), '{"name":"a60","line":0}\n']);
      again.committed(TABLE_A, new Map([[lane, offset(121)]]));
      runtime.advance(3_600_000);
      await again.trim();
      expect(again.status()).toMatchObject({ parked: [], bytes: 0 });
      expect(again.trimmed()).toContainEqual({ table: TABLE_A, lane, next: 121n });
      await again.close();
    });

    it('refuses after close, and says why', async () => {
      const { open } = await setUp();
      const log = await open();
      const inFlight = log.append([draft(TABLE_A, 'a')]);
      const closing = log.close();
      expect(await log.append([draft(TABLE_A, 'late')])).toEqual({ kind: 'refused', reason: 'the log is closing' });
      expect((await inFlight).kind).toBe('appended');
      await closing;
      expect(log.status()).toMatchObject({ accepting: false, reason: 'the log is closing' });
    });

    it('answers full before anything is written: the log, one table, each by its own budget', async () => {
      const { open } = await setUp({ maxBytes: 20_000, perTableShare: 0.25, graceShare: 0.5 });
      const log = await open();
      let outcome: AppendOutcome;
      do outcome = await log.append([draft(TABLE_A, 'a', 10)]);
      while (outcome.kind === 'appended');
      expect(outcome).toEqual({ kind: 'full', scope: 'table' });
      expect((await log.append([draft(TABLE_B, 'b', 10)])).kind).toBe('appended');
      const payload = Buffer.from('x'.repeat(4_000));
      for (let table = 1; outcome.kind !== 'full' || outcome.scope !== 'log'; table++)
        outcome = await log.append([
          {
            table: tableUuid(`cccccccc-0000-4000-8000-${String(table).padStart(12, '0')}`),
            schemaId: 0,
            count: 1,
            payload,
          },
        ]);
      expect(log.status().bytes).toBeLessThanOrEqual(20_000);
      await log.close();
    });

    it('asks for admission in the order of placing, and answers what it withholds after what was placed before', async () => {
      const { open } = await setUp();
      const log = await open();
      const seen: string[] = [];
      const offer = (name: string, admitted: boolean) =>
        log
          .append([draft(TABLE_A, name)], () => seen.push(`stored ${name}`), {
            admit: () => seen.push(`asked ${name}`) > 0 && admitted,
            retract: () => seen.push(`retracted ${name}`),
          })
          .then(({ kind }) => seen.push(`${kind} ${name}`));
      await Promise.all([offer('a', true), offer('b', false), offer('c', true)]);
      expect(seen.slice(0, 5)).toEqual(['asked a', 'asked b', 'asked c', 'stored a', 'stored c']);
      expect(seen.slice(5)).toEqual(['appended a', 'withheld b', 'appended c']);
      expect((await collect(log, TABLE_A)).map((entry) => entry.baseOffset)).toEqual([0n, 1n]);
      await offer('d', false);
      expect(seen.slice(-2)).toEqual(['asked d', 'withheld d']);
      await log.close();
    });

    it('keeps the highest note of each key over lives and trims, until it is covered', async () => {
      const { open, runtime } = await setUp({ segmentBytes: 4096, trimGraceMs: 0 });
      const note = (table: typeof TABLE_A, key: string, order: bigint) => ({
        table,
        key,
        order,
        value: Buffer.from(`${key} ${order}`),
      });
      const first = await open();
      const stored: string[] = [];
      for (const each of [
        note(TABLE_A, 'x', 1n),
        note(TABLE_A, 'y', 2n),
        note(TABLE_A, 'x', 3n),
        note(TABLE_B, 'x', 1n),
      ])
        await first.note(each, () => stored.push(`${each.key} ${each.order}`));
      expect(stored).toEqual(['x 1', 'y 2', 'x 3', 'x 1']);
      const turnOver = async (log: typeof first): Promise<void> => {
        for (let index = 0; index < 4; index += 1) {
          const [entry] = await append(log, draft(TABLE_B, 'fill', 100));
          if (entry !== undefined) log.committed(TABLE_B, new Map([[entry.lane, offset(entry.baseOffset + 100n)]]));
          runtime.advance(1);
          await log.trim();
        }
      };
      const held = (log: typeof first) => log.notes(TABLE_A).map((each) => Buffer.from(each.value).toString());
      await turnOver(first);
      expect(held(first)).toEqual(['y 2', 'x 3']);
      await first.close();
      const second = await open();
      expect(held(second)).toEqual(['y 2', 'x 3']);
      expect(second.notes(TABLE_B)).toMatchObject([{ key: 'x', order: 1n }]);
      second.covered(TABLE_A, 2n);
      await turnOver(second);
      expect(held(second)).toEqual(['x 3']);
      second.covered(TABLE_A, 3n);
      await turnOver(second);
      await second.close();
      expect(held(await open())).toEqual([]);
    });

    it('streams stamped entries alone, parked ones too', async () => {
      const { open } = await setUp();
      const first = await open();
      const producer = { kind: 'channel', name: 'c', epoch: 1n, offset: 0n, records: 1 } as const;
      await append(first, draft(TABLE_A, 'plain'), { ...draft(TABLE_A, 'stamped'), producer });
      await append(first, { ...draft(TABLE_B, 'other'), producer });
      const stamped = async (log: typeof first, from = new Map()): Promise<string[]> => {
        const names: string[] = [];
        for await (const entry of log.stamped(TABLE_A, from)) names.push(textOf(entry));
        return names;
      };
      const lane = first.lanes()[0]?.lane;
      expect(await stamped(first)).toHaveLength(1);
      expect(await stamped(first, new Map([[lane, offset(2)]]))).toEqual([]);
      await first.park(TABLE_A);
      expect(await stamped(first)).toHaveLength(1);
      await first.close();
      expect(await stamped(await open())).toMatchObject([expect.stringContaining('stamped')]);
    });

    it('refuses drafts that it could not give back', async () => {
      const { open } = await setUp();
      const log = await open();
      await expect(log.append([{ ...draft(TABLE_A, 'a'), count: 0 }])).rejects.toMatchObject({ kind: 'invalid-input' });
      const name = 'n'.repeat(70_000);
      const producer = { kind: 'channel', name, epoch: 0n, offset: 0n, records: 1 } as const;
      await expect(log.append([{ ...draft(TABLE_A, 'a'), producer }])).rejects.toMatchObject({ kind: 'invalid-input' });
      expect(await log.append([])).toEqual({ kind: 'appended', entries: [] });
      expect(log.lanes()).toEqual([]);
      await log.close();
    });
  });
}

/** Of racing conditional writes at most one wins, and while nothing fails exactly one. Bodies differ: equal ones would have equal ETags. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore, PutCondition, PutResult } from '../../../src/contracts/object-store.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import type { Gate } from '../object-store.ts';
import { type SubjectInUse, text, textAt } from './subject.ts';

const RACERS = 50;
const ROUNDS = 20;

type Write = (store: ObjectStore, key: string, racer: number, condition: PutCondition) => Promise<PutResult>;

export function describeRaces(use: SubjectInUse): void {
  describe('races', () => {
    describe.each(useWrites())('of %s', (_name, write) => {
      it.each(['if-absent', 'if-match'] as const)('have one winner in a burst, %s', async (kind) => {
        for (let round = 0; round < ROUNDS; round++) {
          const key = `${use.space()}/race`;
          const condition = await conditionFor(use.store, key, kind);
          const results = await Promise.all(
            Array.from({ length: RACERS }, (_, racer) => write(use.store, key, racer, condition)),
          );
          await expectOneWinner(use.store, key, results);
        }
      });
    });

    it('lose no update when workers swap a counter by ETag', async () => {
      const key = `${use.space()}/counter`;
      await use.store.put(key, text('0'), { kind: 'if-absent' });
      const increment = async (): Promise<void> => {
        for (;;) {
          const current = await use.store.get(key);
          if (current === undefined) throw new Error('the counter is gone');
          const next = Number(new TextDecoder().decode(current.bytes)) + 1;
          const swap = await use.store.put(key, text(String(next)), { kind: 'if-match', etag: current.info.etag });
          if (swap.kind === 'written') return;
        }
      };
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let time = 0; time < 10; time++) await increment();
        }),
      );
      expect(await textAt(use.store, key)).toBe('80');
    });
  });
}

/** Racers hold back the last byte of their request until all stand at the gate: finds servers that check before they hold the body. */
export function describeGatedRaces(use: SubjectInUse, gate: (racers: number) => Gate): void {
  describe('races behind a gate', () => {
    describe.each(useWrites())('of %s', (_name, write) => {
      it.each(['if-absent', 'if-match'] as const)('have one winner, %s', async (kind) => {
        for (let round = 0; round < ROUNDS; round++) {
          const key = `${use.space()}/gate`;
          const condition = await conditionFor(use.store, key, kind);
          const barrier = gate(RACERS);
          const racing = barrier.stores.map((store, racer) => write(store, key, racer, condition));
          const ends = Promise.all(racing);
          // A racer that fails before the gate ends the round by its error, instead of letting it wait for ever.
          await Promise.race([barrier.full(), ends]);
          barrier.release();
          await expectOneWinner(use.store, key, await ends);
        }
      });
    });
  });
}

function useWrites(): [string, Write][] {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
    for (let racer = 0; racer < RACERS; racer++) await writeFile(join(folder.path, `${racer}`), bodyOf(racer));
  });
  afterAll(() => folder.remove());
  return [
    ['put', (store, key, racer, condition) => store.put(key, text(bodyOf(racer)), condition)],
    ['upload', (store, key, racer, condition) => store.upload(key, join(folder.path, `${racer}`), condition)],
  ];
}

const bodyOf = (racer: number): string => `written by racer ${racer}`;

async function conditionFor(store: ObjectStore, key: string, kind: 'if-absent' | 'if-match'): Promise<PutCondition> {
  if (kind === 'if-absent') return { kind };
  const base = await store.put(key, text('base'), { kind: 'always' });
  if (base.kind !== 'written') throw new Error('base was not written');
  return { kind, etag: base.etag };
}

async function expectOneWinner(store: ObjectStore, key: string, results: readonly PutResult[]): Promise<void> {
  const winners = results.flatMap((result, racer) => (result.kind === 'written' ? [racer] : []));
  expect(winners).toHaveLength(1);
  expect(await textAt(store, key)).toBe(bodyOf(winners[0] ?? -1));
}

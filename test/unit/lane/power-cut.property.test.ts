/**
 * Random lives of a log: appends in parallel, commits, trims, parkings, disk faults, kills and power cuts at any operation.
 * After each: what was acknowledged is there exactly once, what was not at most once, requests whole, offsets never given twice.
 */
import { expect, it } from 'vitest';
import type { Entry, EntryDraft, Log } from '../../../src/contracts/log.ts';
import type { LaneId, Offset, TableUuid } from '../../../src/core/ids.ts';
import { offset, tableUuid } from '../../../src/core/ids.ts';
import type { Random } from '../../../src/core/runtime.ts';
import type { LogWorld } from '../../support/sim-disk/log-helpers.ts';
import { collect, draft, logWorld, textOf } from '../../support/sim-disk/log-helpers.ts';
import { seededRandom } from '../../support/sim-disk/seeded-random.ts';

const SEEDS = 600;
const LIVES = 4;
const STEPS = 14;
const TABLES = [1, 2, 3].map((n) => tableUuid(`00000000-0000-4000-8000-00000000000${n}`));

/** A request as its producer knows it. `none`: answered `full`, so nothing of it may ever turn up. */
interface Request {
  readonly drafts: readonly EntryDraft[];
  state: 'open' | 'stored' | 'none';
}

class Model {
  readonly random: Random;
  readonly requests: Request[] = [];
  /** What is known to be durable, by `lane-offset`. */
  readonly stored = new Map<string, Entry>();
  readonly progress = new Map<TableUuid, Map<LaneId, Offset>>();
  #names = 0;

  constructor(random: Random) {
    this.random = random;
  }

  below(limit: number): number {
    return Math.floor(this.random.float() * limit);
  }

  request(): Request {
    const drafts = Array.from({ length: 1 + this.below(3) }, () => {
      const table = TABLES[this.below(TABLES.length)] as TableUuid;
      return draft(
        table,
        `r${this.#names++}${'x'.repeat(this.below(20) === 0 ? 1_500 : this.below(40))}`,
        1 + this.below(3),
      );
    });
    const request: Request = { drafts, state: 'open' };
    this.requests.push(request);
    return request;
  }

  isCommitted(entry: Entry): boolean {
    return entry.baseOffset < (this.progress.get(entry.table)?.get(entry.lane) ?? 0n);
  }
}

async function append(model: Model, log: Log, request: Request): Promise<void> {
  const outcome = await log.append(request.drafts);
  if (outcome.kind === 'full') request.state = 'none';
  if (outcome.kind !== 'appended') return;
  request.state = 'stored';
  for (const entry of outcome.entries) remember(model, entry);
}

/** One `(lane, offset)` means one record for ever. */
function remember(model: Model, entry: Entry): void {
  const key = `${entry.lane}-${entry.baseOffset}`;
  const before = model.stored.get(key);
  if (before !== undefined && textOf(before) !== textOf(entry)) throw new Error(`offset given twice: ${key}`);
  model.stored.set(key, entry);
}

function commitSome(model: Model, log: Log): void {
  const entries = [...model.stored.values()];
  const entry = entries[model.below(entries.length)];
  if (entry === undefined || model.isCommitted(entry)) return;
  const lanes = model.progress.get(entry.table) ?? new Map<LaneId, Offset>();
  lanes.set(entry.lane, offset(entry.baseOffset + BigInt(entry.count)));
  model.progress.set(entry.table, lanes);
  log.committed(entry.table, lanes);
}

async function step(model: Model, world: LogWorld, log: Log): Promise<void> {
  const choice = model.below(12);
  world.runtime.advance(model.below(3) * 100);
  if (choice < 7)
    await Promise.all(Array.from({ length: 1 + model.below(4) }, () => append(model, log, model.request())));
  else if (choice < 9) for (let count = 0; count < 4; count++) commitSome(model, log);
  else if (choice === 9) await log.park(TABLES[model.below(TABLES.length)] as TableUuid);
  else await log.trim();
}

async function openAfterFaults(world: LogWorld): Promise<Log> {
  const hook = world.disk.hook;
  try {
    return await world.open();
  } catch (error) {
    // A failing disk may keep the log closed; nothing may ever look corrupt.
    expect(error).toMatchObject({ kind: 'unavailable' });
    world.disk.hook = undefined;
    const log = await world.open();
    world.disk.hook = hook;
    return log;
  }
}

async function check(model: Model, log: Log): Promise<void> {
  const seen = new Map<string, number>();
  for (const table of TABLES) {
    const from = model.progress.get(table) ?? new Map<LaneId, Offset>();
    if (from.size > 0) log.committed(table, from);
    for (const mark of log.trimmed())
      if (mark.table === table) expect(mark.next).toBeLessThanOrEqual(from.get(mark.lane) ?? 0n);
    let before: Entry | undefined;
    for (const entry of await collect(log, table, from)) {
      if (before?.lane === entry.lane) expect(entry.baseOffset).toBeGreaterThan(before.baseOffset);
      before = entry;
      remember(model, entry);
      seen.set(textOf(entry), (seen.get(textOf(entry)) ?? 0) + 1);
    }
  }
  for (const [text, times] of seen) if (times > 1) throw new Error(`${times} times: ${text}`);
  for (const entry of model.stored.values())
    if (!model.isCommitted(entry) && !seen.has(textOf(entry)))
      throw new Error(`lost: ${entry.lane}-${entry.baseOffset} ${textOf(entry)}`);
  const committed = new Set([...model.stored.values()].filter((entry) => model.isCommitted(entry)).map(textOf));
  for (const request of model.requests) {
    const texts = request.drafts.map((each) => Buffer.from(each.payload).toString());
    const there = texts.filter((text) => seen.has(text) || committed.has(text)).length;
    if (request.state === 'none') expect(there).toBe(0);
    if (request.state === 'open' && there > 0) {
      expect(there).toBe(texts.length);
      request.state = 'stored';
    }
  }
}

async function live(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const model = new Model(random);
  const world = logWorld({ segmentBytes: 1_500, maxBytes: 40_000, perTableShare: 0.4, trimGraceMs: 500 }, seed + 1);
  const faulty = seed % 3 === 0;
  for (let life = 0; life < LIVES; life++) {
    let countdown = 10 + model.below(150);
    let crashed = false;
    let onCrash = (): void => undefined;
    let checking = false;
    world.disk.capacity = faulty && model.below(3) === 0 ? 8_000 + model.below(30_000) : Number.MAX_SAFE_INTEGER;
    world.disk.hook = ({ kind }) => {
      countdown -= 1;
      if (countdown === 0) {
        crashed = true;
        onCrash();
        if (model.below(2) === 0) world.disk.crashKill();
        else world.disk.crashPower(random);
        return undefined;
      }
      if (!faulty || checking || random.float() > 0.02 || kind === 'close') return undefined;
      return { code: 'EIO', effect: (['none', 'part', 'all'] as const)[model.below(3)] ?? 'none' };
    };
    const crash = new Promise<void>((resolve) => (onCrash = resolve));
    const work = async (): Promise<void> => {
      const log = await openAfterFaults(world);
      checking = true;
      await check(model, log);
      checking = false;
      for (let count = 0; count < STEPS; count++)
        await step(model, world, log).catch((error: unknown) => expect(error).toMatchObject({ kind: 'unavailable' }));
    };
    await Promise.race([work(), crash]);
    if (!crashed) world.disk.crashPower(random);
  }
  world.disk.hook = undefined;
  await check(model, await world.open());
}

it(`${SEEDS} random histories`, async () => {
  for (let seed = 0; seed < SEEDS; seed++)
    try {
      await live(seed);
    } catch (error) {
      throw new Error(`seed=${seed}`, { cause: error });
    }
});

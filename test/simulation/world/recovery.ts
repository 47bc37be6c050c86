/**
 * How a world ends: nothing goes wrong any more, each volume's daemon brings everything it acknowledged into the tables within bounded time
 * (I10), and what the tables hold is compared with what producers were told (I1, I11). Owns that order; the rules are `invariants.ts`.
 */
import { tableUuid, type TableName, type TableUuid } from '../../../src/core/ids.ts';
import type { ChannelProducer } from '../actors/channel-producer.ts';
import { widen } from '../actors/foreign.ts';
import { settlePoison, survivor } from '../actors/poisoner.ts';
import { send } from '../actors/producers.ts';
import { replayTwice } from '../actors/replayer.ts';
import { isLetterTable } from './invariants.ts';
import type { SentRequest } from './ledger.ts';
import type { Life } from './life.ts';
import { stoppedForGood, takenUp } from './watch.ts';
import type { World } from './world.ts';

/** Virtual milliseconds after the last fault within which everything acknowledged must be visible (I10). */
const SETTLING_MS = 500;
const NO_TABLE = tableUuid('00000000-0000-0000-0000-000000000000');
const HEALING_MS = 300_000;

type Until = (what: string, done: () => boolean) => Promise<void>;

export async function recover(world: World, channels: readonly ChannelProducer[]): Promise<void> {
  heal(world);
  const deadline = world.scheduler.now + HEALING_MS;
  const unburied = await bringIn(world, channels, deadline);
  checkEnd(world);
  checkBuried(world, unburied);
  await world.scheduler.run(() => true, deadline);
}

function heal(world: World): void {
  world.faults.active = false;
  world.network.downUntil = 0;
  world.diskFullUntil = 0;
  settlePoison(world);
  world.scheduler.note('the world heals');
  for (const name of world.tables.names) {
    const table = world.tables.get(name);
    if (table === undefined) world.createTable(name);
    else widen(world, table);
  }
}

/** Each volume's daemon, one after another, brings everything it acknowledged into the tables. Tables of which a log still holds records. */
async function bringIn(
  world: World,
  channels: readonly ChannelProducer[],
  deadline: number,
): Promise<ReadonlySet<TableUuid>> {
  const { scheduler } = world;
  const unburied = new Set<TableUuid>();
  const until: Until = async (what, done) => {
    if (!(await scheduler.run(done, deadline)))
      world.violation('I10', `${what}, ${HEALING_MS / 1000} s after the last fault`);
    await scheduler.run(() => true, deadline);
  };
  await until('an attempt is still under way', () => world.network.flying.size === 0);
  // What was failing as the world healed has failed by then.
  let settled = false;
  scheduler.after(SETTLING_MS, 'settled', () => (settled = true));
  await scheduler.run(() => settled, deadline);
  const keep = world.volumes.length === 1 && world.random.chance(0.5) && mayGoOn(world);
  if (!keep) for (const life of world.lives) if (life.state !== 'stopping') life.end();
  for (const volume of world.volumes) {
    const running = world.lives.find((life) => life.alive && life.volume === volume);
    if (running?.state === 'stopping') await until(`${running.name} does not stop`, () => !running.alive);
    if (running !== undefined && !(keep && running.alive)) running.end();
    const first = keep && running?.alive === true ? running : world.start(volume);
    if (first === undefined) continue;
    await until(`${first.name} is not ready`, () => first.ingest !== undefined || !first.alive);
    await until(`no daemon of ${volume.name} survives its records`, () => survivor(world, volume) !== undefined);
    const life = survivor(world, volume) ?? first;
    await probeAll(world, life, until);
    await until(`${life.name} has not drained`, () => drained(world, life));
    await replayTwice(world, life, until);
    await until('a request that waits for its commit hears nothing', () => !waits(world, life));
    for (const table of life.log?.pendingTables() ?? []) unburied.add(table);
    if (running === life) checkReports(world, life);
    for (const producer of channels) producer.check(life);
    life.end();
  }
  return unburied;
}

/** Nothing of the running daemon waits for an operator to start it anew. */
const mayGoOn = (world: World): boolean =>
  world.lives.every(
    (life) =>
      life.state === 'ready' &&
      life.log?.status().accepting !== false &&
      (life.coordinator?.pipelines ?? []).every((pipeline) => !stoppedForGood(pipeline)),
  );

function drained(world: World, life: Life): boolean {
  const pipelines = life.coordinator?.pipelines ?? [];
  // Letters of late refusals wait for the table that they were refused by.
  const waiting = ({ name }: { readonly name: TableName }): boolean =>
    pipelines.some((each) => stoppedForGood(each) && name.name.startsWith(`${each.name.name}__`));
  const pending = life.log?.pendingTables() ?? [];
  return (
    !pending.some((uuid) => world.invariants.of(uuid).dropped && mayBeBuried(life, uuid)) &&
    world.tables.letterTables().every((uuid) => takenUp(life, uuid)) &&
    pipelines.every((pipeline) => pipeline.drained || stoppedForGood(pipeline) || waiting(pipeline))
  );
}

/** A log that could not note the table's name cannot say whose dead letters they are. */
const mayBeBuried = (life: Life, table: TableUuid): boolean =>
  life.log?.nameOf(table) !== undefined || life.coordinator?.pipelines.some(({ uuid }) => uuid === table) === true;

/** Somebody waits for a commit that cannot come to nothing: its table runs on. */
const waits = (world: World, life: Life): boolean =>
  world.ledger.requests.some(({ awaits, stored }) => {
    const pipeline = life.coordinator?.pipelines.find((candidate) => candidate.uuid === stored?.table);
    return awaits === life.name && pipeline !== undefined && !stoppedForGood(pipeline);
  });

/** A new request for every table goes all the way. */
async function probeAll(world: World, life: Life, until: Until): Promise<void> {
  for (const name of world.tables.names) {
    const uuid = world.tables.get(name)?.uuid;
    if (uuid === undefined) continue;
    const stopped = (): boolean =>
      (life.coordinator?.pipelines ?? []).some((pipeline) => pipeline.uuid === uuid && stoppedForGood(pipeline));
    let done = false;
    const probe = (): void => send(world, name, 1, true, true, onEnd, life);
    const onEnd = (request: SentRequest): void => {
      const check = (): void => {
        if (stopped()) done = true;
        else if (request.state !== 'acknowledged') world.scheduler.after(500, 'probe again', probe);
        else if (request.committed !== undefined) done = true;
        // It went to a table that is gone.
        else if (request.awaits === undefined) world.scheduler.after(500, 'probe again', probe);
        else world.scheduler.after(100, 'probe waits', check);
      };
      check();
    };
    probe();
    await until(`a new request for ${name} does not get through`, () => done);
  }
}

// I11: what this life put into a table, it has reported.
function checkReports(world: World, life: Life): void {
  if (world.suspended) return;
  for (const [token, landed] of world.invariants.landed) {
    const seen = world.invariants.of(landed.uuid);
    if (
      landed.life === life.name &&
      landed.requests.size > 0 &&
      !life.reported.has(token) &&
      !seen.wentBack &&
      !seen.dropped
    )
      world.violation('I11', `${life.name} committed snapshot ${token} and never said so`);
  }
}

function checkEnd(world: World): void {
  const { tables, invariants, ledger, watch } = world;
  const all = tables.all();
  const held = new Map(all.map((table) => [table.uuid, invariants.rowsIn(table)]));
  const letters = new Set(all.filter(isLetterTable).flatMap((table) => [...(held.get(table.uuid) ?? [])]));
  for (const table of all) invariants.filesExist(table);
  for (const request of ledger.requests) {
    const { stored } = request;
    if (request.state !== 'acknowledged' || stored === undefined || request.excused !== undefined) continue;
    // Dead letters may wait for the table that refused them.
    const own = all.find(({ name }) => name.name === request.table)?.uuid ?? stored.table;
    if (watch.stoppedByGap.has(stored.table) || watch.stoppedByGap.has(own)) continue;
    const rows = held.get(stored.table);
    const missing = request.rows.find((row) => rows?.has(row) !== true && !letters.has(row));
    if (missing !== undefined)
      world.violation(
        'I1',
        `r${request.id} was acknowledged at ${stored.position.lane.slice(0, 6)}-${stored.position.offset} and ${missing} is neither in ${request.table} nor in its dead letters`,
      );
  }
}

/** I1 of tables that are gone: what only the log held is in dead letters. */
function checkBuried(world: World, unburied: ReadonlySet<TableUuid>): void {
  const { tables, invariants, ledger, watch } = world;
  const all = tables.all().filter(isLetterTable);
  if (world.cloned || all.some(({ uuid }) => watch.stoppedByGap.has(uuid) || invariants.of(uuid).wentBack)) return;
  const letters = new Set(all.flatMap((table) => [...invariants.rowsIn(table)]));
  for (const { id, state, table, buriable, unlogged, stored, rows } of ledger.requests) {
    // Its dead letters lie behind others that wait for the table that refused them.
    if (watch.stoppedByGap.has(tables.get(table)?.uuid ?? NO_TABLE)) continue;
    if (state !== 'acknowledged' || !buriable || unlogged || stored === undefined || unburied.has(stored.table))
      continue;
    const missing = rows.find((row) => !letters.has(row));
    if (missing !== undefined)
      world.violation('I1', `r${id} was acknowledged, its table is gone, and ${missing} is not in its dead letters`);
  }
}

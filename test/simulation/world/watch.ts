/**
 * What daemons do and say, held against the rules: what they delete, why a table stops, how much they hold, and that what they call
 * committed is. Owns who may excuse a table that stopped; changes nothing.
 */
import type { PipelineState } from '../../../src/checkpoint/pipeline-context.ts';
import { formatTableName, type TableUuid } from '../../../src/core/ids.ts';
import { mayReplay } from '../actors/replayer.ts';
import type { SentRequest } from './ledger.ts';
import type { Life } from './life.ts';
import type { World } from './world.ts';

/** More than a dead letter of this world ever has. */
const LETTER_BYTES = 700;

export class Watch {
  readonly stoppedByGap = new Set<TableUuid>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  onDelete(life: string, key: string): void {
    const { scheduler, network, tables } = this.#world;
    scheduler.note(`${life} deletes ${key}`);
    if (!key.startsWith('tables/')) return;
    for (const flight of network.flying.values())
      if (flight.files.includes(`mem://${key}`))
        this.#world.violation('I5', `${life} deletes ${key}, which an attempt may still commit`);
    for (const name of tables.names) {
      const table = tables.get(name);
      if (table === undefined) continue;
      for (const snapshot of table.snapshots.values())
        if (snapshot.files.includes(`mem://${key}`))
          this.#world.violation('I5', `${life} deletes ${key}, which ${name} reaches`);
    }
  }

  onTrouble(life: Life, table: string, state: string, cause: string): void {
    const { scheduler, invariants, cloned, suspended } = this.#world;
    scheduler.note(`${life.name} ${table} ${state}: ${cause}`);
    if (!life.alive) return;
    if (state.startsWith('task failed')) this.#world.violation('I10', `${life.name} ${state}: ${cause}`);
    if (state === 'recut') life.recut.add(table.slice('ns.'.length));
    if (!state.startsWith('stopped')) return;
    const uuids = (life.coordinator?.pipelines ?? [])
      .filter((pipeline) => formatTableName(pipeline.name) === table && pipeline.state.kind === 'stopped')
      .map((pipeline) => pipeline.uuid);
    for (const uuid of uuids) life.stopped.add(uuid);
    const seen = uuids.map((uuid) => invariants.of(uuid));
    if (state === 'stopped: gap') for (const uuid of uuids) this.stoppedByGap.add(uuid);
    const allowed = {
      'stopped: gap': seen.some((at) => at.wentBack),
      'stopped: table-gone': seen.some((at) => at.dropped),
      // A table that goes back takes the columns with it that were added since.
      'stopped: not-writable': seen.some((at) => at.narrowed || at.wentBack),
      'stopped: fenced': cloned,
      // Two daemons on one table come later: one may prune the other's lane, a week after it began.
      'stopped: internal': cloned && suspended && cause.includes('has forgotten'),
    }[state];
    if (cause.includes('has forgotten')) for (const uuid of uuids) this.stoppedByGap.add(uuid);
    if (allowed !== true)
      this.#world.violation('I10', `${life.name} stopped ${table} without reason: ${state}: ${cause}`);
  }

  onStagedBytes(life: Life, held: number): void {
    const { tables, faults, flushLimits, ledger } = this.#world;
    // Two sealed epochs and an open one a table, each over its limit by less than one request.
    const count = tables.names.length + (faults.kinds.has('foreign-drop') ? 4 : 0);
    const letters = tables.letterNames.length * 3 * (flushLimits.maxBytes + 6 * LETTER_BYTES);
    // A replay is one request with every letter there is, and a mark for each.
    const replayed = mayReplay(this.#world) ? ledger.letters.size * 2 * LETTER_BYTES : 0;
    if (held > count * 3 * (flushLimits.maxBytes + 200) + letters + replayed)
      this.#world.violation('I9', `${life.name} holds ${held} bytes in staging`);
  }

  /** Acknowledged by this life's log, for tables it could take up, and not excused. */
  openRequests(life: Life): readonly SentRequest[] {
    const tables = new Set((life.coordinator?.pipelines ?? []).map((pipeline) => pipeline.uuid));
    return this.#world.ledger.requests.filter(
      (request) =>
        request.state === 'acknowledged' &&
        request.stored?.volume === life.volume.name &&
        tables.has(request.stored.table) &&
        !heldBack(life, request) &&
        request.excused === undefined,
    );
  }

  onCheckpointed(life: Life, requests: readonly SentRequest[], since = Number.POSITIVE_INFINITY): void {
    for (const request of requests) {
      const uuid = request.stored?.table;
      const pipeline = life.coordinator?.pipelines.find((candidate) => candidate.uuid === uuid);
      if (uuid === undefined || pipeline === undefined || life.stopped.has(uuid) || request.excused !== undefined)
        continue;
      // Refused late while the checkpoint was under way: their letters are of the next one.
      if (heldBack(life, request) || [...request.letters.values()].some(({ at }) => at >= since)) continue;
      if (!this.#world.invariants.of(uuid).wentBack && !this.#world.isIn(request.id, uuid))
        this.#world.violation(
          'I10',
          `${life.name} said that all is committed, and r${request.id} is not in ${request.table}`,
        );
    }
  }
}

/** Some of its letters are in a table that stopped, or could not be read since the start. */
const heldBack = (life: Life, { letters }: SentRequest): boolean =>
  [...letters.values()].some(({ table }) => life.stopped.has(table) || !takenUp(life, table));

/** The life works on the table, or has nothing for it. */
export const takenUp = (life: Life, table: TableUuid): boolean =>
  life.coordinator?.pipelines.some(({ uuid }) => uuid === table) === true ||
  life.log?.pendingTables().includes(table) !== true;

/** Until a daemon is started anew. A schema that was changed back is found without. */
export const stoppedForGood = ({ state }: { readonly state: PipelineState }): boolean =>
  state.kind === 'stopped' && state.code !== 'not-writable';

/**
 * What must hold of a table that heals itself (protocol §8, §9), at every move of its pointer and every delete. Compares states as a reader
 * sees them; who may have changed what is the operation's and the mover's. Changes nothing.
 */
import type { ExpiryPolicy } from '../../../src/contracts/maintenance.ts';
import { isSluiceError, messageOf } from '../../../src/core/errors.ts';
import { decodeProgress, progressKey } from '../../../src/record/progress.ts';
import type { Invariant } from '../world/core.ts';
import type { Bucket } from '../world/sim-store.ts';
import type { Chore } from './keeper.ts';
import { lineOf, PIPELINE } from './lines.ts';
import type { PointerBook } from './sim-pointers.ts';
import { keyOf, type StateReader, type StateSnapshot, type TableState } from './state-reader.ts';

export interface RulesContext {
  readonly bucket: Bucket;
  readonly book: PointerBook;
  readonly reader: StateReader;
  readonly expiry: ExpiryPolicy;
  readonly neighbours: readonly string[];
  readonly now: () => number;
  readonly violation: (invariant: Invariant, what: string) => void;
}

/** Three times what any attempt of a commit may carry (protocol §8). */
const ATTEMPT_AGE_MS = 72 * 3_600_000;

const headOf = (state: TableState): StateSnapshot | undefined =>
  state.main === undefined ? undefined : state.snapshots.get(state.main);

export class Rules {
  readonly #context: RulesContext;
  /** Ids of rows that were ever on main. */
  readonly #seen = new Set<string>();
  /** Keys that a state of the table ever reached. */
  readonly #committed = new Set<string>();
  /** Live rows of each snapshot when it came. */
  readonly #rows = new Map<bigint, readonly string[]>();
  /** Somebody else keeps the table, too, and may take away what a chore reads. */
  shared = false;
  /** Nothing fails any more. */
  healed = false;

  constructor(context: RulesContext) {
    this.#context = context;
  }

  /** `by`: the life whose swap it was, or `foreign …`. */
  onMove(from: string, to: string, by: string): void {
    try {
      this.#judge(from, to, by);
    } catch (error) {
      this.#violation('I4', `what ${by} committed cannot be read: ${messageOf(error)}`);
    }
  }

  #judge(from: string, to: string, by: string): void {
    const { reader } = this.#context;
    const [before, after] = [reader.state(from), reader.state(to)];
    this.#filesExist(after);
    for (const key of reader.reached(after)) this.#committed.add(key);
    const foreign = by.startsWith('foreign');
    this.#rowsOf(before, after, foreign);
    this.#progress(before, after, by);
    if (!foreign) this.#kept(before, after, by);
    if (!foreign) this.#numbers(before, after, by);
    for (const snapshot of after.snapshots.values())
      if (!this.#rows.has(snapshot.id)) this.#rows.set(snapshot.id, reader.rows(snapshot));
  }

  onDelete(life: string, key: string): void {
    const { bucket, book, reader, neighbours, now } = this.#context;
    const object = bucket.objects.get(key);
    if (object === undefined || key.startsWith('sluice/')) return;
    const state = this.#state();
    if (neighbours.some((place) => key.startsWith(`${keyOf(place)}/`)) || !key.startsWith(`${keyOf(state.location)}/`))
      this.#violation('I5', `${life} deletes ${key}, which is another table's`);
    if (reader.reached(state).has(key)) this.#violation('I5', `${life} deletes ${key}, which the table reaches`);
    for (const flight of book.mayLand())
      if (bucket.objects.has(keyOf(flight.to)) && reader.reached(reader.state(flight.to)).has(key))
        this.#violation('I5', `${life} deletes ${key}, which an attempt of ${flight.life} may still commit`);
    const age = now() - object.modifiedAt;
    // A metadata file of a number that the table has passed can never land.
    if (!this.#committed.has(key) && age < ATTEMPT_AGE_MS && !key.endsWith('.metadata.json'))
      this.#violation('I5', `${life} deletes ${key} at the age of ${age} ms: an attempt may carry it`);
  }

  /** A life finds its lane at `at`, where it left it at `from`. */
  onStanding(life: string, at: bigint, from: bigint): void {
    if (at !== from) this.#violation('I3', `${life} left its lane at ${from} and finds it at ${at}`);
  }

  onAcknowledged(life: string, lines: readonly string[]): void {
    const missing = lines.find((line) => !this.#seen.has(lineOf(line).id));
    if (missing !== undefined) this.#violation('I1', `${life} says that ${missing} is in the table, which never was`);
  }

  onFailure(life: string, chore: Chore, error: unknown): void {
    const allowed = isSluiceError(error, 'unavailable') || (this.shared && isSluiceError(error, 'corrupt'));
    if (allowed && !this.healed) return;
    this.#violation('I10', `${life} ${chore} failed without reason: ${String(error)}`);
  }

  /** Kept snapshots read as they did; orphans are gone. */
  onEnd(): void {
    const { bucket, reader, neighbours } = this.#context;
    const state = this.#state();
    const fresh = new Map([...state.snapshots.values()].map((snapshot) => [snapshot.id, reader.readAnew(snapshot)]));
    for (const [id, rows] of fresh)
      if (this.#rows.get(id)?.join() !== rows.join())
        this.#violation('I4', `snapshot ${id} reads other rows than it did`);
    const reached = reader.reached(state);
    const others = neighbours.map((place) => `${keyOf(place)}/`);
    const left = [...bucket.objects.keys()].filter(
      (key) =>
        key.startsWith(`${keyOf(state.location)}/`) &&
        !reached.has(key) &&
        !others.some((other) => key.startsWith(other)),
    );
    if (left.length > 0) this.#violation('I10', `${left.length} orphans were never removed, such as ${left[0]}`);
  }

  #filesExist(state: TableState): void {
    const { bucket, reader } = this.#context;
    for (const snapshot of state.snapshots.values())
      if (!bucket.objects.has(keyOf(snapshot.list)))
        return this.#violation('I4', `the manifest list of snapshot ${snapshot.id} is not there`);
    for (const key of reader.reachedBySnapshots(state))
      if (!bucket.objects.has(key)) return this.#violation('I4', `${key} is not there, and a snapshot reaches it`);
  }

  /** I1: what an operation says it does is what becomes of the rows. */
  #rowsOf(before: TableState, after: TableState, foreign: boolean): void {
    const { reader } = this.#context;
    const head = headOf(after);
    const [was, is] = [reader.rows(headOf(before)), reader.rows(head)];
    for (const row of is) this.#seen.add(lineOf(row).id);
    const twice = is.find((row, at) => at > 0 && lineOf(row).id === lineOf(is[at - 1] ?? '').id);
    if (twice !== undefined) this.#violation('I1', `row ${twice} is in the table more than once`);
    if (after.main === before.main) return;
    if (foreign && head?.parent !== before.main) return;
    if (head?.parent !== before.main)
      return this.#violation('I3', `snapshot ${head?.id} went in on ${head?.parent}, and main was at ${before.main}`);
    const [old, now] = [new Set(was), new Set(is)];
    const [gone, come] = [was.filter((row) => !now.has(row)), is.filter((row) => !old.has(row))];
    const operation = head?.summary['operation'] ?? 'none';
    if (gone.length > 0 && operation !== 'delete')
      this.#violation('I1', `${operation} ${head?.id} took away ${gone.length} rows, such as ${gone[0]}`);
    if (come.length > 0 && operation !== 'append')
      this.#violation('I1', `${operation} ${head?.id} brought ${come.length} rows, such as ${come[0]}`);
  }

  /** I3: no lane goes back or is forgotten, whoever commits. */
  #progress(before: TableState, after: TableState, by: string): void {
    const [was, is] = [before, after].map(({ properties }) => {
      const text = properties[progressKey(PIPELINE)];
      return text === undefined ? undefined : decodeProgress(PIPELINE, text);
    });
    for (const [lane, { next }] of was?.lanes ?? []) {
      const now = is?.lanes.get(lane)?.next ?? -1n;
      if (now < next) this.#violation('I3', `${by} moved ${lane} from ${next} back to ${now}`);
    }
  }

  /** I4: what policy and refs keep is kept. */
  #kept(before: TableState, after: TableState, by: string): void {
    const { expiry, now } = this.#context;
    for (const [name, { id }] of before.refs) {
      if (after.refs.get(name) === undefined) this.#violation('I4', `${by} dropped the ref ${name}`);
      if (!after.snapshots.has(id)) this.#violation('I4', `${by} expired snapshot ${id}, which ${name} names`);
    }
    for (const { id, timestampMs } of before.snapshots.values())
      if (!after.snapshots.has(id) && now() - timestampMs <= expiry.maxAgeMs)
        this.#violation('I4', `${by} expired snapshot ${id} at the age of ${now() - timestampMs} ms`);
    if (after.main !== before.main) return;
    for (const [name, { id, type }] of before.refs)
      if (type === 'branch') this.#ancestorsKept(before, after, name, id, by);
    const marked = (snapshot: StateSnapshot): boolean => snapshot.summary['sluice.pipeline'] !== undefined;
    const newest = [...ancestors(before, before.main)].find(marked);
    const says = (state: TableState): boolean => [...state.snapshots.values()].some(marked);
    if ((newest !== undefined && !after.snapshots.has(newest.id)) || (says(before) && !says(after)))
      this.#violation('I3', `${by} expired the last snapshot that names the pipeline`);
  }

  #ancestorsKept(before: TableState, after: TableState, ref: string, head: bigint, by: string): void {
    const least = [...ancestors(before, head)].slice(0, this.#context.expiry.minToKeep);
    const gone = least.find(({ id }) => !after.snapshots.has(id));
    if (gone !== undefined)
      this.#violation('I4', `${by} expired snapshot ${gone.id}, one of the last ${least.length} of ${ref}`);
  }

  /** Files that stay keep their numbers and their tuple. */
  #numbers(before: TableState, after: TableState, by: string): void {
    const { reader } = this.#context;
    const now = new Map(reader.files(headOf(after)).map((file) => [file.path, file]));
    for (const was of reader.files(headOf(before))) {
      const is = now.get(was.path);
      if (is === undefined) continue;
      if (is.sequence !== was.sequence || is.fileSequence !== was.fileSequence || is.tuple !== was.tuple)
        this.#violation('I1', `${by} gave ${was.path} other numbers or another tuple`);
    }
  }

  #state(): TableState {
    const { book, reader } = this.#context;
    return reader.state(book.location ?? '');
  }

  #violation(invariant: Invariant, what: string): void {
    this.#context.violation(invariant, what);
  }
}

function* ancestors(state: TableState, from: bigint | undefined): Generator<StateSnapshot> {
  for (let at = from; at !== undefined;) {
    const snapshot = state.snapshots.get(at);
    if (snapshot === undefined) return;
    yield snapshot;
    at = snapshot.parent;
  }
}

/** What tests of the log share: drafts that name themselves, shorthand for appending and reading, and a log on a simulated disk. */
import type { AppendOutcome, Entry, EntryDraft, Log } from '../../../src/contracts/log.ts';
import type { LaneId, Offset, TableUuid } from '../../../src/core/ids.ts';
import { offset, tableUuid } from '../../../src/core/ids.ts';
import type { OpenLogOptions } from '../../../src/lane/open-log.ts';
import { openLog } from '../../../src/lane/open-log.ts';
import { SimDisk } from './sim-disk.ts';
import type { TestRuntime } from './test-runtime.ts';
import { testRuntime } from './test-runtime.ts';

export const TABLE_A = tableUuid('aaaaaaaa-0000-4000-8000-000000000001');
export const TABLE_B = tableUuid('bbbbbbbb-0000-4000-8000-000000000002');

/** `count` lines that name themselves. */
export function draft(table: TableUuid, name: string, count = 1): EntryDraft {
  const lines = Array.from({ length: count }, (_, index) => `{"name":"${name}","line":${index}}\n`).join('');
  return { table, schemaId: 3, count, payload: Buffer.from(lines) };
}

export const textOf = (entry: Entry): string => Buffer.from(entry.payload).toString();

export async function collect(
  log: Log,
  table: TableUuid,
  from: ReadonlyMap<LaneId, Offset> = new Map(),
  to?: ReadonlyMap<LaneId, Offset>,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of log.entries(table, from, to)) entries.push(entry);
  return entries;
}

export function entriesOf(outcome: AppendOutcome): readonly Entry[] {
  if (outcome.kind !== 'appended') throw new Error(`expected appended, got ${JSON.stringify(outcome)}`);
  return outcome.entries;
}

export const append = async (log: Log, ...drafts: EntryDraft[]): Promise<readonly Entry[]> =>
  entriesOf(await log.append(drafts));

/** Everything committed up to `next` of one lane. */
export const upTo = (lane: LaneId, next: number): ReadonlyMap<LaneId, Offset> => new Map([[lane, offset(next)]]);

/** The one lane of a log that has one. */
export function onlyLane(log: Log): LaneId {
  const [range, more] = log.lanes();
  if (range === undefined || more !== undefined) throw new Error('exactly one lane expected');
  return range.lane;
}

export const texts = async (log: Log, table: TableUuid): Promise<string[]> => (await collect(log, table)).map(textOf);

export interface LogWorld {
  readonly disk: SimDisk;
  readonly runtime: TestRuntime;
  /** The next life. */
  open(options?: Partial<OpenLogOptions>): Promise<Log>;
  /** Paths of the segments, oldest first. */
  segments(): readonly string[];
}

export function logWorld(options: Partial<OpenLogOptions> = {}, seed = 1): LogWorld {
  const disk = new SimDisk();
  const runtime = testRuntime(seed);
  return {
    disk,
    runtime,
    open: (more = {}) => openLog({ disk: disk.mount(), directory: '/log', runtime, ...options, ...more }),
    segments: () => disk.files().filter((path) => path.startsWith('/log/segment-')),
  };
}

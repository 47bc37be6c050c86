/** What is soaked: the tables, what a row holds by its id, and the daemon's settings. Owns no process. */

const MiB = 2 ** 20;

export interface SoakedTable {
  readonly name: string;
  readonly partitionBy: readonly string[];
  /** Foreign engines write to it too. */
  readonly shared: boolean;
}

export const TABLES: readonly SoakedTable[] = [
  { name: 'own.plain', partitionBy: [], shared: false },
  { name: 'own.days', partitionBy: ['day(day)'], shared: false },
  { name: 'shared.plain', partitionBy: [], shared: true },
  { name: 'shared.days', partitionBy: ['day(day)'], shared: true },
];

/** Spark gives up after four lost races by default, and somebody commits all the time. */
export const PROPERTIES = {
  'commit.retry.num-retries': '50',
  'commit.retry.min-wait-ms': '10',
  'commit.retry.max-wait-ms': '200',
  'write.delete.mode': 'merge-on-read',
};

export const FIELDS = [
  { name: 'id', type: 'long', required: true },
  { name: 'day', type: 'date' },
  { name: 'text', type: 'string' },
];

const TARGET_BYTES = MiB;
/** Below it a data file is small (docs/maintenance.md). */
export const SMALL_BYTES = 0.75 * TARGET_BYTES;
const HOT_FILES = 4;
/** Small files that a look leaves in a hot partition (docs/maintenance.md). */
export const SMALL_FILES = 4 * (HOT_FILES - 1);
/** From when the daemon is ready until it is killed. */
export const LIFE_S = 20;
/** Of all writers of a partition together: a checkpoint, and about as many foreign commits. */
const FILES_A_SECOND = 2;
/**
 * Small files that a partition may hold at any time: those that a look leaves, and what comes in two lives. The look of one may be lost to a
 * kill, that of the next waits for jobs of all other tables.
 */
export const MOST_SMALL_FILES = SMALL_FILES + 2 * LIFE_S * FILES_A_SECOND;
/** A reader has this long from when its snapshot was current: the least that the daemon can be set to. */
export const SNAPSHOTS_STAY_S = 60;
export const SNAPSHOTS_STAY = 20;

/** Every table is looked at every second: nothing here is as gentle as the defaults. */
export const YAML = `server: { listen: "127.0.0.1:0", drain_delay: 0s }
checkpoint: { interval: 1s }
file: { target: ${TARGET_BYTES / MiB}MiB }
log: { segment_bytes: 1MiB, trim_grace: 1s }
memory: { budget: 64MiB, duckdb: 192MiB }
maintenance:
  memory: 128MiB
  compaction: { schedule: "* * * * * *", min_files: 2, hot_files: ${HOT_FILES}, cold_after: 1m }
  expiry: { schedule: "*/5 * * * * *", max_age: ${SNAPSHOTS_STAY_S}s, min_snapshots: ${SNAPSHOTS_STAY} }
  manifests: { schedule: "*/10 * * * * *" }
  orphans: { schedule: "*/30 * * * * *" }
`;

/** Ids from here on are of foreign engines, from `SPARK_IDS` on of Spark. */
export const FOREIGN_IDS = 1_000_000_000;
export const SPARK_IDS = 2_000_000_000;

export const dayOf = (id: number): string => `2026-11-0${1 + (id % 3)}`;
export const textOf = (id: number): string => `r${id % 97}`;

/** DuckDB's condition for a row that holds something else than its id says. Exact producers send rows of a form of their own. */
export const IS_WRONG =
  "((day = DATE '2026-11-01' + (id % 3)::INTEGER AND text = 'r' || (id % 97)) OR (day = DATE '2026-11-01' AND text = 'exact')) IS NOT TRUE";

/** Some of the rows may be deleted by whoever deletes; the others stay for ever. */
export const DELETABLE = 4;
export const isDeletable = (id: number): boolean => id % DELETABLE === 0;

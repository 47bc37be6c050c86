/** What every part of the world shares: time, chance, the stores, the truth, and the ears of the invariants. Owns no behaviour. */
import type { LetterReader } from '../../../src/contracts/dead-letters.ts';
import type { FlushLimits } from '../../../src/checkpoint/flush-policy.ts';
import type { Entry } from '../../../src/contracts/log.ts';
import type { TableUuid } from '../../../src/core/ids.ts';
import type { Effects, WorldTime } from './effects.ts';
import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { Life } from './life.ts';
import type { ModelCatalog } from './model-catalog.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Network } from './sim-format.ts';
import type { Bucket } from './sim-store.ts';

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11';

export class InvariantViolation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}

export interface LogSettings {
  readonly maxBytes: number;
  readonly segmentBytes: number;
  readonly trimGraceMs: number;
  readonly perTableShare: number;
}

export interface WorldCore {
  readonly scheduler: Scheduler;
  readonly time: WorldTime;
  readonly random: SeededRandom;
  readonly faults: Faults;
  /** How often one operation meets a fault that is on. */
  readonly trouble: number;
  readonly bucket: Bucket;
  readonly catalog: ModelCatalog;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly flushLimits: FlushLimits;
  readonly logLimits: LogSettings;
  readonly partitions: number;
  /** Larger producer states are objects on the store. */
  readonly inlineStateBytes: number;
  diskFullUntil: number;

  violation(invariant: Invariant, what: string): void;
  /** One that is there stays as it is. */
  createLetterTable(name: string): void;
  letterTables(): readonly TableUuid[];
  /** Dead letters as a query by that life finds them. */
  letterReader(effects: Effects): LetterReader;
  /** An entry that a life finds as it opens its log. */
  onFound(life: Life, entry: Entry): void;
  onStored(life: Life, entries: readonly Entry[]): void;
  /** A record killed its process. */
  onDeath(life: Life): void;
  onDelete(life: string, key: string): void;
  onTrouble(life: Life, table: string, state: string, cause: string): void;
  onStagedBytes(life: Life, held: number): void;
  /** A daemon says that everything it acknowledged is in the tables. */
  onDrained(life: Life): void;
}

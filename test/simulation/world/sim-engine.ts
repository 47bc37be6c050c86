/** A column engine that keeps lines instead of columns: as honest about life cycles as the native one, and it may fail to write. */
import { SluiceError } from '../../../src/core/errors.ts';
import type { ColumnEngine, FileLayout, Staging } from '../../../src/contracts/column-engine.ts';
import type { WrittenFile } from '../../../src/record/data-file.ts';
import type { Effects } from './effects.ts';
import type { Faults } from './faults.ts';
import type { SeededRandom } from './random.ts';
import { areLetters, columnsOf, rowsOf } from './records.ts';
import type { LocalFiles } from './sim-store.ts';

export interface EngineContext {
  readonly effects: Effects;
  readonly faults: Faults;
  readonly random: SeededRandom;
  readonly trouble: number;
  readonly local: LocalFiles;
  /** Partitions that rows spread over: files of one epoch. */
  readonly partitions: number;
  readonly onBytes: (held: number) => void;
  readonly poison: ReadonlyMap<string, 'kills' | 'fails'>;
  /** The process dies. */
  readonly die: () => void;
}

export class SimEngine implements ColumnEngine {
  readonly #context: EngineContext;
  readonly #live = new Set<string>();
  #held = 0;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  validate(): void {}

  staging(layout: FileLayout, name: string): Staging {
    if (this.#live.has(name))
      throw new SluiceError('internal', 'two live stagings have one name', { context: { name } });
    this.#live.add(name);
    return new SimStaging(
      this.#context,
      new Set(layout.schema.fields.map((field) => field.name)),
      name,
      (change) => {
        this.#held += change;
        this.#context.onBytes(this.#held);
      },
      () => this.#live.delete(name),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class SimStaging implements Staging {
  rows = 0;
  bytes = 0;
  readonly #context: EngineContext;
  readonly #columns: ReadonlySet<string>;
  readonly #name: string;
  readonly #onBytes: (change: number) => void;
  readonly #onDropped: () => void;
  readonly #rows: string[] = [];
  readonly #poison = new Set<'kills' | 'fails'>();
  #state: 'open' | 'written' | 'dropped' = 'open';
  #paths: string[] = [];

  constructor(
    context: EngineContext,
    columns: ReadonlySet<string>,
    name: string,
    onBytes: (change: number) => void,
    onDropped: () => void,
  ) {
    this.#context = context;
    this.#columns = columns;
    this.#name = name;
    this.#onBytes = onBytes;
    this.#onDropped = onDropped;
  }

  append(lines: Uint8Array, count: number): void {
    if (this.#state !== 'open') throw new SluiceError('internal', `append to a staging that is ${this.#state}`);
    // A column that the file does not have would be dropped without a word.
    const strange = columnsOf(lines).find((column) => !this.#columns.has(column));
    if (strange !== undefined) throw new SluiceError('internal', `staging has no column ${strange}`);
    const rows = rowsOf(lines);
    if (rows.length !== count)
      throw new SluiceError('internal', 'lines and count differ', { context: { count, lines: rows.length } });
    this.#rows.push(...rows);
    // A letter about such a record is no such record.
    for (const row of areLetters(lines) ? [] : rows) {
      const poison = this.#context.poison.get(row);
      if (poison !== undefined) this.#poison.add(poison);
    }
    this.rows += count;
    this.bytes += lines.byteLength;
    this.#onBytes(lines.byteLength);
  }

  async write(signal: AbortSignal): Promise<readonly WrittenFile[]> {
    if (this.#state !== 'open') throw new SluiceError('internal', `write of a staging that is ${this.#state}`);
    this.#state = 'written';
    const { effects, faults, random, trouble, partitions, local } = this.#context;
    const fails = faults.on('encode-fails') && random.chance(trouble / 2);
    await effects.do('encode', random.between(1, 40), () => undefined);
    if (this.#poison.has('kills')) this.#context.die();
    await effects.do('encode', 1, () => undefined);
    if (signal.aborted) throw new SluiceError('closed', 'encoding was cancelled');
    if (this.#poison.has('fails')) throw new SluiceError('internal', 'the engine refuses a record');
    if (fails) throw new SluiceError('unavailable', 'no space left for the spool');
    const parts = Array.from({ length: partitions }, (_, part) =>
      this.#rows.filter((row) => partitionOf(row, partitions) === part),
    ).filter((rows) => rows.length > 0);
    return parts.map((rows, part) => {
      const localPath = `/spool/${this.#name}-${part}`;
      const size = rows.length * 20 + 4;
      local.set(localPath, { rows, size });
      this.#paths.push(localPath);
      return {
        localPath,
        format: 'parquet',
        partition: [],
        specId: 0,
        recordCount: BigInt(rows.length),
        fileSizeInBytes: BigInt(size),
        metrics: NO_METRICS,
        splitOffsets: [4n],
      };
    });
  }

  drop(): Promise<void> {
    if (this.#state !== 'dropped') {
      this.#state = 'dropped';
      this.#onBytes(-this.bytes);
      this.#onDropped();
    }
    for (const path of this.#paths) this.#context.local.delete(path);
    this.#paths = [];
    return Promise.resolve();
  }
}

const NO_METRICS = {
  columnSizes: new Map(),
  valueCounts: new Map(),
  nullValueCounts: new Map(),
  nanValueCounts: new Map(),
  lowerBounds: new Map(),
  upperBounds: new Map(),
};

const partitionOf = (row: string, partitions: number): number => row.charCodeAt(row.length - 1) % partitions;

/**
 * A soak: one daemon, two hours of mixed load in minutes, a sample every second, and the books at the end. Owns the order of events; who sends
 * what is `actors.ts`, what counts as a leak `verdicts.ts`.
 */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon } from '../support/daemon/daemon.ts';
import { actAll } from './actors.ts';
import { booksOf } from './books.ts';
import { Collector, INSPECTED } from './collector.ts';
import { LogLines } from './log-lines.ts';
import { takeSample, type Sample } from './sample.ts';
import { verdicts, type Kept, type Rest } from './verdicts.ts';
import { JSON_BODY, World } from './world.ts';

const MiB = 1024 * 1024;
const SEGMENT_BYTES = MiB;
const LOG_BYTES = 48 * MiB;
const HISTORY = 10;
const TABLES = ['soak.plain', 'soak.buckets', 'soak.days'];
const PARTITIONS: Readonly<Record<string, readonly string[]>> = {
  'soak.buckets': ['bucket(4, id)'],
  'soak.days': ['day(day)'],
};
/** Made while the load runs. */
const LATER_TABLES = 12;
/** As many as two hours have at the default interval. More would measure the table's metadata, of which each snapshot is a part. */
const CHECKPOINTS = 720;
const SAMPLE_MS = 1_000;
const RELOAD_MS = 5_000;
const LISTED = 20;

export interface SoakPlan {
  readonly directory: string;
  readonly minutes: number;
  readonly seed: number;
  readonly onSample?: (sample: Sample) => void;
}

export interface SoakResult {
  readonly samples: readonly Sample[];
  readonly kept: Kept;
  readonly rest: Rest;
  readonly intervalMs: number;
  readonly requests: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly acknowledgedRecords: number;
  readonly acknowledgedDeadLetters: number;
  readonly warnings: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
}

/** The least that either engine takes. */
const ENGINE_MIB = 192;
const REWRITE_MIB = 128;

const yaml = (
  intervalMs: number,
): string => `server: { listen: "127.0.0.1:0", drain_delay: 0s, max_body: 4MiB, limits: { keep_alive: 5s } }
checkpoint: { interval: ${intervalMs}ms, max_bytes: 8MiB, history: ${HISTORY} }
log: { segment_bytes: 1MiB, max_bytes: 48MiB, trim_grace: 1s }
producers: { key_window: 1m, max_keys: 100, max_channels: 20 }
memory: { budget: 64MiB, duckdb: ${ENGINE_MIB}MiB }
maintenance: { memory: ${REWRITE_MIB}MiB, expiry: { schedule: "*/5 * * * * *", max_age: 60s, min_snapshots: 20 } }
audit: { max_file: 64KiB, max_files: 2 }
`;

export async function soak(plan: SoakPlan): Promise<SoakResult> {
  const log = new LogLines();
  const collector = new Collector();
  const intervalMs = Math.max(200, Math.round((plan.minutes * 60_000) / CHECKPOINTS));
  const daemon = await Daemon.start({
    directory: plan.directory,
    yaml: yaml(intervalMs),
    env: INSPECTED,
    onLog: (text) => {
      log.add(text);
      collector.hear(text);
    },
  });
  try {
    const run = new Run(daemon, await daemon.url, collector, plan, intervalMs);
    const result = await run.all();
    daemon.signal('SIGTERM');
    const code = await daemon.exit(60_000);
    const ending = code === 0 ? [] : [`SIGTERM ended the daemon with ${code}`];
    return {
      ...result,
      warnings: log.warnings,
      violations: [...result.violations, ...ending, ...log.unexpected.slice(0, LISTED)],
    };
  } catch (error) {
    throw new Error(`${String(error)}\n${daemon.log}`, { cause: error });
  } finally {
    await daemon.kill();
  }
}

class Run {
  readonly #daemon: Daemon;
  readonly #collector: Collector;
  readonly #plan: SoakPlan;
  readonly #intervalMs: number;
  readonly #data: string;
  readonly #end = new AbortController();
  readonly #world: World;
  readonly #samples: Sample[] = [];
  #started = performance.now();

  constructor(daemon: Daemon, url: string, collector: Collector, plan: SoakPlan, intervalMs: number) {
    this.#daemon = daemon;
    this.#collector = collector;
    this.#plan = plan;
    this.#intervalMs = intervalMs;
    this.#data = join(plan.directory, 'data');
    this.#world = new World(url, TABLES, this.#end.signal);
  }

  async all(): Promise<Omit<SoakResult, 'warnings'>> {
    const world = this.#world;
    for (const table of TABLES) await this.#create(table);
    const before = await this.#settled();
    this.#started = performance.now();
    const load = actAll(world, this.#plan.seed);
    const beside = [this.#sampling(), this.#reloading(), this.#creating()];
    const lasts = (part: number) => Promise.race([sleep(this.#plan.minutes * 60_000 * part), load, ...beside]);
    await lasts(1 / 3);
    const afterFirstThird = await this.#kept();
    await lasts(2 / 3);
    const kept = { afterFirstThird, atEnd: await this.#kept() };
    this.#end.abort();
    await Promise.all([load, ...beside]);
    const rest = { before, after: await this.#settled() };
    const later = Array.from({ length: LATER_TABLES }, (_, number) => `soak.later${number}`);
    const tables = [...TABLES, ...later.filter((table) => rest.after.tables.has(table))];
    const strangers = [...rest.after.tables].filter((name) => !tables.includes(name.replace(/__dead_letters$/, '')));
    return {
      samples: this.#samples,
      kept,
      rest,
      intervalMs: this.#intervalMs,
      requests: [...world.statuses.values()].reduce((sum, count) => sum + count, 0),
      statuses: world.statuses,
      acknowledgedRecords: world.ledger.acknowledgedRecords,
      acknowledgedDeadLetters: world.ledger.acknowledgedDeadLetters,
      violations: [
        ...world.violations.slice(0, LISTED),
        ...(await booksOf(world.url, world.ledger, tables)).slice(0, LISTED),
        ...strangers.map((name) => `the metrics have series of ${name}, which is no table`),
        ...verdicts(this.#samples, kept, rest, {
          segmentBytes: SEGMENT_BYTES,
          logBytes: LOG_BYTES,
          // The history, as much again before it is cut, and state objects.
          engineBytes: (ENGINE_MIB + REWRITE_MIB) * 2 ** 20,
          ownObjectsATable: 2 * HISTORY + 10,
        }),
      ],
    };
  }

  async #create(table: string): Promise<void> {
    const fields = [
      { name: 'id', type: 'long', required: true },
      { name: 'day', type: 'date' },
      { name: 'text', type: 'string' },
    ];
    await this.#world.expect([201], '/api/v1/tables', {
      method: 'POST',
      headers: JSON_BODY,
      body: JSON.stringify({ name: table, schema: { fields }, partition_by: PARTITIONS[table] ?? [] }),
    });
    const sent = this.#world.ledger.open(table, 2, (record) => record === 1);
    await this.#world.send(sent, '?on_error=dead_letter', this.#world.lines(sent, 10));
  }

  /** Everything is committed, and the log has had the time to trim; as much of it as there is after half a minute. */
  async #settled(): Promise<Sample> {
    await this.#world.expect([200], '/api/v1/actions/flush', { method: 'POST' });
    let sample = await this.#sample();
    for (let round = 0; round < 30; round += 1) {
      await sleep(SAMPLE_MS);
      sample = await this.#sample();
      if (round >= 8 && sample.segments <= 2 && sample.spoolBytes === 0) break;
    }
    return sample;
  }

  async #kept(): Promise<number> {
    await this.#collector.collect();
    return (await this.#sample()).heapBytes;
  }

  #sample(): Promise<Sample> {
    return takeSample(this.#world.url, this.#daemon.pid, this.#data, (performance.now() - this.#started) / 1000);
  }

  async #sampling(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const sample = await this.#sample();
      this.#samples.push(sample);
      this.#plan.onSample?.(sample);
      await sleep(SAMPLE_MS);
    }
  }

  /** By turns to another interval and back. */
  async #reloading(): Promise<void> {
    const file = join(this.#plan.directory, 'sluice.yaml');
    for (let other = true; !this.#end.signal.aborted; other = !other) {
      await writeFile(`${file}.next`, `data_dir: ${this.#data}\n${yaml(this.#intervalMs + (other ? 10 : 0))}`);
      await rename(`${file}.next`, file);
      this.#daemon.signal('SIGHUP');
      await sleep(RELOAD_MS);
    }
  }

  async #creating(): Promise<void> {
    const pauseMs = (this.#plan.minutes * 60_000) / LATER_TABLES;
    for (let number = 0; number < LATER_TABLES && !this.#end.signal.aborted; number += 1) {
      await this.#create(`soak.later${number}`);
      await sleep(pauseMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
    await this.#untilEnd();
  }

  async #untilEnd(): Promise<void> {
    if (!this.#end.signal.aborted)
      await new Promise<void>((resolve) => this.#end.signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}

/**
 * What a life adds to the table: batches of new rows in a lane of its own, each in one commit with its progress, tried until the table says
 * how it ended. Owns the lane and what it was told; the rest of ingestion is the other world's.
 */
import { commitLoop } from '../../../src/commit/commit-loop.ts';
import { filesStillThere } from '../../../src/commit/file-age.ts';
import { uploadFiles } from '../../../src/commit/upload-files.ts';
import { NO_SPAN } from '../../../src/contracts/tracing.ts';
import { isSluiceError } from '../../../src/core/errors.ts';
import { epoch, generation, laneId, offset, snapshotId } from '../../../src/core/ids.ts';
import { positive63 } from '../../../src/core/runtime.ts';
import type { SeededRandom } from '../world/random.ts';
import type { Keeper } from './keeper.ts';
import { written } from './line-rewriter.ts';
import { PIPELINE, textOf } from './lines.ts';
import type { MaintainedWorld } from './world.ts';

const NEVER = new AbortController().signal;

export class Ingestion {
  readonly #world: MaintainedWorld;
  readonly #keeper: Keeper;
  readonly #random: SeededRandom;
  #next = 0;
  #target: Awaited<ReturnType<Keeper['target']>> | undefined;

  constructor(world: MaintainedWorld, keeper: Keeper) {
    this.#world = world;
    this.#keeper = keeper;
    this.#random = world.random.fork(`ingestion ${keeper.name}`);
  }

  /** Until the world heals or the life ends. */
  start(): void {
    const { scheduler } = this.#keeper.effects;
    const { ingest } = this.#world.pace;
    const goOn = (): void => {
      scheduler.after(this.#random.between(ingest / 4, ingest * 2), `${this.#keeper.name} ingest`, () => {
        if (!this.#keeper.alive || !this.#world.faults.active) return;
        this.#batch().then(goOn, (error: unknown) => scheduler.fail(error));
      });
    };
    goOn();
  }

  async #batch(): Promise<void> {
    const { name } = this.#keeper;
    const from = this.#next;
    const lines = Array.from({ length: this.#random.int(1, 4) }, (_, at) =>
      textOf({
        id: `${name}.${from + at}`,
        key: `k${this.#random.int(0, 5)}`,
        part: this.#random.int(0, 1),
      }),
    );
    this.#next += lines.length;
    while (!(await this.#commit(lines, from)));
  }

  /** False: the files have waited too long, and are made anew. */
  async #commit(lines: readonly string[], from: number): Promise<boolean> {
    const { iceberg, runtime, locations, local, name, queue } = this.#keeper;
    const target = await this.#untilLoaded();
    const token = snapshotId(positive63(runtime.random));
    const uploadedAt = runtime.clock.now();
    const uploader = { locations, runtime, onTrouble: () => undefined, span: NO_SPAN };
    const files = await uploadFiles(uploader, target.view.location, written(lines, `/${name}/${token}`, local), NEVER);
    const lane = laneId(`lane-${name}`);
    const to = offset(from + lines.length);
    const progress = {
      pipeline: PIPELINE,
      epoch: epoch(1),
      lanes: new Map([[lane, { next: to, generation: generation(1) }]]),
    };
    const end = await queue.run(() =>
      commitLoop(
        iceberg.format,
        target,
        (view) => iceberg.format.prepare(view, { kind: 'append', added: files, progress }, token),
        async (view) => {
          const standing = iceberg.format.progress(view, PIPELINE);
          const at = standing?.lanes.get(lane)?.next ?? 0n;
          if (iceberg.format.landed(view, token) || at === to) return { kind: 'settled', result: true };
          this.#world.rules.onStanding(name, at, BigInt(from));
          if (!(await filesStillThere(locations, { files, uploadedAt }, runtime.clock)))
            return { kind: 'settled', result: false };
          return { kind: 'attempt' };
        },
        runtime,
        { onTrouble: () => undefined },
        NEVER,
      ),
    );
    if (end.kind === 'settled' && !end.result) return false;
    this.#world.rules.onAcknowledged(name, lines);
    return true;
  }

  /** Files are written where the table lay when it was met: no catalog is needed for that. */
  async #untilLoaded(): ReturnType<Keeper['target']> {
    while (this.#target === undefined)
      try {
        this.#target = await this.#keeper.target();
      } catch (error) {
        if (!isSluiceError(error, 'unavailable')) throw error;
        await this.#keeper.clock.sleep(50);
      }
    return this.#target;
  }
}

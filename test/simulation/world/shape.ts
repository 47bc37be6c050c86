/** What a world is like: faults, limits, how many act. Owns the drawing from the seed, in an order that seeds rely on; nothing happens here. */
import type { FlushLimits } from '../../../src/checkpoint/flush-policy.ts';
import type { Plant } from '../plants.ts';
import type { LogSettings } from './core.ts';
import { Faults, type FaultKind } from './faults.ts';
import type { SwapManner } from './model-catalog.ts';
import type { SeededRandom } from './random.ts';

/** Nobody acts but the test: these tables, these limits, and of these faults every one that may strike does, while `faults.active`. */
export interface StageShape {
  readonly tables: readonly string[];
  readonly faults: readonly FaultKind[];
  readonly log: Partial<LogSettings>;
  readonly lettersByDefault: boolean;
}

export interface WorldShape {
  readonly faults: Faults;
  /** How often one operation meets a fault that is on. */
  readonly trouble: number;
  /** Whether tables say of themselves that what does not fit becomes dead letters. */
  readonly lettersByDefault: boolean;
  /** Tables are narrowed while commits are under way, and the process is killed soon after: what is decided then is in doubt everywhere else. */
  readonly aboutLateRefusals: boolean;
  readonly partitions: number;
  readonly inlineStateBytes: number;
  readonly manner: SwapManner;
  readonly flushLimits: FlushLimits;
  readonly logLimits: LogSettings;
  readonly chaosMs: number;
  readonly tables: readonly string[];
  readonly producers: number;
}

export function drawShape(
  random: SeededRandom,
  without: ReadonlySet<string> | undefined,
  plant: Plant | undefined,
  stage: StageShape | undefined,
): WorldShape {
  const shape = random.fork('shape');
  const letters = random.fork('letters');
  const aboutGoneTables =
    stage === undefined && (plant?.needs?.includes('foreign-drop') ?? random.fork('gone').chance(0.04));
  const wanted = stage?.lettersByDefault ?? letters.chance(0.5);
  const aboutLateRefusals = stage === undefined && wanted && letters.chance(0.3);
  const faults =
    stage === undefined
      ? drawFaults(random, without ?? new Set(), plant, wanted, aboutLateRefusals, aboutGoneTables)
      : new Faults(new Set(stage.faults));
  const drawn = stage === undefined ? (shape.pick([0.02, 0.08, 0.2]) ?? 0.08) : 2;
  const partitions = shape.int(1, 3);
  const inlineStateBytes = random.fork('inline').pick([0, 2_048]) ?? 0;
  const manner = shape.chance(0.5) ? 'pointer' : 'rest';
  const flushLimits = {
    intervalMs: shape.pick([150, 400, 1_500]) ?? 400,
    maxRows: shape.pick([8, 30, 1_000]) ?? 30,
    maxBytes: shape.pick([200, 2_000, 1 << 20]) ?? 2_000,
  };
  const logLimits = {
    maxBytes: shape.pick([6_000, 30_000, 1 << 20]) ?? 30_000,
    segmentBytes: shape.pick([300, 1_500, 1 << 16]) ?? 1_500,
    trimGraceMs: shape.pick([0, 1_000, 6_000]) ?? 1_000,
    perTableShare: shape.pick([0.5, 0.8]) ?? 0.5,
    ...stage?.log,
  };
  // Tables are not gone before two rounds of asking, a grace apart.
  const chaosMs = shape.between(2_000, 12_000) * (aboutGoneTables ? 5 : 1);
  return {
    faults,
    trouble: aboutLateRefusals ? 0.8 : drawn,
    // Two daemons that hold the same entries may each decide that a record of them no longer fits.
    lettersByDefault: wanted && !faults.kinds.has('volume-cloned'),
    aboutLateRefusals,
    partitions,
    inlineStateBytes,
    manner,
    flushLimits: stage === undefined ? flushLimits : { intervalMs: 400, maxRows: 1_000, maxBytes: 1 << 20 },
    logLimits,
    chaosMs,
    tables: stage?.tables ?? countdown(shape.int(1, 3)).map((number) => `t${number}`),
    producers: stage === undefined ? shape.int(1, 3) : 0,
  };
}

function drawFaults(
  random: SeededRandom,
  without: ReadonlySet<string>,
  plant: Plant | undefined,
  letters: boolean,
  aboutLateRefusals: boolean,
  aboutGoneTables: boolean,
): Faults {
  const often = new Set<FaultKind>(letters ? ['foreign-narrow'] : []);
  const always = new Set<FaultKind>([
    ...(aboutLateRefusals ? (['foreign-narrow', 'kill', 'catalog-late'] as const) : []),
    ...(aboutGoneTables ? (['foreign-drop', 'kill'] as const) : []),
    ...(plant?.needs ?? []),
  ]);
  return Faults.drawn(random.fork('faults'), without, often, always);
}

/** From `number` down to 1. */
export const countdown = (number: number): readonly number[] =>
  Array.from({ length: number }, (_, index) => number - index);

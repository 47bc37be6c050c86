/**
 * Time and failures for the disk of one life. The disk itself, with its page cache apart from the platter, is `test/support/sim-disk`.
 */
import type { SimFault, SimHook, SimOperation } from '../../support/sim-disk/sim-disk.ts';
import type { Effects } from './effects.ts';
import type { Faults } from './faults.ts';
import type { SeededRandom } from './random.ts';

export interface DiskContext {
  readonly effects: Effects;
  readonly faults: Faults;
  readonly random: SeededRandom;
  readonly trouble: number;
  /** While true, whatever needs space fails with ENOSPC. */
  readonly full: () => boolean;
}

const NEEDS_SPACE = new Set<SimOperation['kind']>(['append', 'open', 'makeDirectory']);

export const diskHook =
  ({ effects, faults, random, trouble, full }: DiskContext): SimHook =>
  (operation) => {
    const slow = operation.kind === 'sync' && random.chance(0.05);
    const ms = slow
      ? random.between(5, 60)
      : operation.kind === 'sync'
        ? random.between(0.2, 4)
        : random.between(0.01, 0.3);
    return effects.do(`disk ${operation.kind}`, ms, () => {
      // Drawn when it strikes: a fault decided before the world healed must not strike after.
      const fault = faultOf(operation, faults, random, trouble, full);
      if (fault !== undefined)
        effects.scheduler.note(`${effects.name} disk ${operation.kind} ${operation.path}: ${fault.code}`);
      return fault;
    });
  };

function faultOf(
  { kind }: SimOperation,
  faults: Faults,
  random: SeededRandom,
  trouble: number,
  full: () => boolean,
): SimFault | undefined {
  const drawn = random.float();
  if (faults.on('disk-full') && full() && NEEDS_SPACE.has(kind))
    return { code: 'ENOSPC', effect: drawn < 0.5 ? 'part' : 'none' };
  if (kind === 'sync' && faults.on('sync-fails') && drawn < trouble / 4)
    return { code: 'EIO', effect: random.chance(0.5) ? 'all' : 'none' };
  if (kind === 'append' && faults.on('torn-write') && drawn < trouble / 8)
    return { code: 'EIO', effect: random.chance(0.5) ? 'part' : 'all' };
  return undefined;
}

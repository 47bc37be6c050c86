/**
 * Names of lanes: 12 hex digits of the birth in milliseconds, 20 of chance. The birth lets a table remember with one number which lanes
 * it has forgotten (protocol §2, pruning). Nothing else may be read from it: clocks jump.
 */
import { hex, type Runtime } from './runtime.ts';
import { laneId, type LaneId } from './ids.ts';

const BIRTH_DIGITS = 12;

/** Random enough never to be minted twice, even by a volume that was cloned and started at the same moment. */
export function mintLaneId({ clock, random }: Runtime): LaneId {
  const birth = Math.max(0, Math.trunc(clock.now())).toString(16).padStart(BIRTH_DIGITS, '0');
  return laneId(birth + hex(random.bytes(10)));
}

/** Milliseconds since 1970 by the clock of the life that minted it. */
export const bornAt = (lane: LaneId): number => Number.parseInt(lane.slice(0, BIRTH_DIGITS), 16);

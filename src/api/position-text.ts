/** Positions as clients keep them: `p<lane, 32 hex digits>-<offset>`. One text a position, one position a text. */
import { laneId, offset } from '../core/ids.ts';
import type { Position } from '../contracts/service-ports.ts';

const TEXT = /^p([0-9a-f]{32})-(0|[1-9]\d{0,18})$/;
const MAX_OFFSET = 2n ** 63n - 1n;

export const formatPosition = (position: Position): string => `p${position.lane}-${position.offset}`;

/** Undefined for any other text, leading zeros and offsets beyond 63 bits included. */
export function parsePosition(text: string): Position | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const value = BigInt(match[2] ?? '');
  return value > MAX_OFFSET ? undefined : { lane: laneId(match[1] ?? ''), offset: offset(value) };
}

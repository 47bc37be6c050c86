/** Which tables are parked so that one that cannot commit never stops the others (protocol §2). Pure. */
import type { TableUuid } from '../core/ids.ts';
import type { LogStatus } from '../contracts/log.ts';

export interface ParkingView {
  readonly table: TableUuid;
  /** Its commits flow. */
  readonly committing: boolean;
}

/** Above this share of its bytes the log wants room. */
const WANTS_ROOM = 0.5;

/** Parks only while another table commits: when all stand still the sources are held back instead, and nothing is copied about. */
export function tablesToPark(
  status: LogStatus,
  pending: readonly ParkingView[],
  anyCommits: boolean,
): readonly TableUuid[] {
  if (status.bytes < status.maxBytes * WANTS_ROOM || !anyCommits) return [];
  const parked = new Set(status.parked);
  return pending.filter((table) => !table.committing && !parked.has(table.table)).map((table) => table.table);
}

/**
 * The health of tables over time, in a journal: a point when the score has moved, and one an hour when it has not. Owns when a point is kept
 * and its form as a line; the score is `diagnose/health.ts`.
 */
import type { TableSurvey } from '../contracts/diagnosis.ts';
import { HEALTH_CAUSES, type HealthPoint, type PointsLost } from '../contracts/health.ts';
import type { Journal, Line } from '../contracts/journal.ts';
import type { TableName, TableUuid } from '../core/ids.ts';
import { formatTableName } from '../core/ids.ts';
import { healthOf, pointsLost } from '../diagnose/health.ts';
import { isRecord } from '../record/type-text.ts';

/** A move of so many points is worth a point of its own. */
const MOVED = 5;
const QUIET_MS = 3_600_000;

export class HealthHistory {
  readonly #journal: Journal;
  /** The last point of each table in this life of the daemon. */
  readonly #last = new Map<TableUuid, HealthPoint>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Keeps what was seen if it says something new. */
  look(name: TableName, uuid: TableUuid, survey: TableSurvey): void {
    const point = pointOf(survey, formatTableName(name));
    const last = this.#last.get(uuid);
    if (last !== undefined && Math.abs(last.score - point.score) < MOVED && point.at - last.at < QUIET_MS) return;
    this.#last.set(uuid, point);
    this.#journal.append({ table: uuid, ...point });
  }

  /** Latest first. */
  async of(uuid: TableUuid, limit: number): Promise<readonly HealthPoint[]> {
    const lines = await this.#journal.latest(limit, (line) => line['table'] === uuid && readPoint(line) !== undefined);
    return lines.flatMap((line) => readPoint(line) ?? []);
  }

  /** What was kept in memory of tables that are no more goes; their points stay until newer ones push them out. */
  retain(uuids: ReadonlySet<TableUuid>): void {
    for (const uuid of this.#last.keys()) if (!uuids.has(uuid)) this.#last.delete(uuid);
  }
}

function pointOf(survey: TableSurvey, table: string): HealthPoint {
  const { score, factors } = healthOf(survey, table);
  const { measuredAt: at, files, smallFiles, deleteFiles, manifests, snapshots } = survey;
  return { at, score, lost: pointsLost(factors), files, smallFiles, deleteFiles, manifests, snapshots };
}

const FIGURES = ['at', 'score', 'files', 'smallFiles', 'deleteFiles', 'manifests', 'snapshots'] as const;

/** Undefined for a line that is none of ours, or of another version. */
function readPoint(line: Line): HealthPoint | undefined {
  const lost = line['lost'];
  if (!isRecord(lost) || !FIGURES.every((name) => typeof line[name] === 'number')) return undefined;
  const figures = line as unknown as Readonly<Record<(typeof FIGURES)[number], number>>;
  const { at, score, files, smallFiles, deleteFiles, manifests, snapshots } = figures;
  return { at, score, lost: readLost(lost), files, smallFiles, deleteFiles, manifests, snapshots };
}

const readLost = (lost: Line): PointsLost =>
  Object.fromEntries(
    HEALTH_CAUSES.flatMap((cause) => {
      const points = lost[cause];
      return typeof points === 'number' ? [[cause, points]] : [];
    }),
  );

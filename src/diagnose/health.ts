/** The health score of a table: how many of a hundred points its files and metadata leave it. Pure. Measures nothing; words are `health-words.ts`. */
import type { TableHealth, TableSurvey } from '../contracts/diagnosis.ts';
import type { HealthCause, PointsLost } from '../contracts/health.ts';
import { wordsOf } from './health-words.ts';

interface Weight {
  readonly cause: HealthCause;
  /** Points that are lost at `bad` and beyond; between `fine` and `bad` in proportion. */
  readonly points: number;
  readonly fine: number;
  readonly bad: number;
  readonly value: (survey: TableSurvey) => number;
}

/** Fewer files than these cost a reader nothing, however small they are. */
const FEW_FILES = 20;
/** Below so many partitions the largest and the median say little. */
const FEW_PARTITIONS = 5;

const WEIGHTS: readonly Weight[] = [
  { cause: 'small-files', points: 40, fine: 0.2, bad: 0.9, value: sparableRatio },
  { cause: 'deletes', points: 25, fine: 0.02, bad: 0.3, value: deleteRatio },
  { cause: 'skew', points: 15, fine: 10, bad: 100, value: skew },
  { cause: 'snapshots', points: 10, fine: 500, bad: 10_000, value: ({ snapshots }) => snapshots },
  { cause: 'manifests', points: 10, fine: 200, bad: 2_000, value: ({ manifests }) => manifests },
];

/** `table` as commands name it. */
export function healthOf(survey: TableSurvey, table: string): TableHealth {
  const factors = WEIGHTS.flatMap(({ cause, points, fine, bad, value: measure }) => {
    const value = measure(survey);
    const lost = Math.round(points * Math.min(1, Math.max(0, (value - fine) / (bad - fine))));
    return lost === 0 ? [] : [{ cause, lost, value, fineUpTo: fine, ...wordsOf(cause, survey, table) }];
  }).sort((a, b) => b.lost - a.lost);
  return { score: 100 - factors.reduce((sum, { lost }) => sum + lost, 0), factors };
}

/** By cause. */
export const pointsLost = (factors: TableHealth['factors']): PointsLost =>
  Object.fromEntries(factors.map(({ cause, lost }) => [cause, lost]));

/** Part of the data files that a compaction could do without. */
export function sparableRatio({ files, sparableFiles }: TableSurvey): number {
  return files < FEW_FILES ? 0 : sparableFiles / files;
}

/** Deleted rows for each row of the data files. */
export function deleteRatio({ deleteRows, records }: TableSurvey): number {
  return records === 0n ? 0 : Number(deleteRows) / Number(records);
}

/** How many times the median partition the largest one is; 1 where it does not matter. */
export function skew({ partitions, targetBytes }: TableSurvey): number {
  const { count, largestBytes, medianBytes } = partitions;
  if (count < FEW_PARTITIONS || largestBytes < targetBytes || medianBytes <= 0) return 1;
  return largestBytes / medianBytes;
}

export const smallFilesRatio = ({ files, smallFiles }: TableSurvey): number => (files === 0 ? 0 : smallFiles / files);

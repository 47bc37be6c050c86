/** Learns how many NDJSON bytes of a table fill a data file. Holds a number a layout; knows no files. */
import type { FileLayout } from '../../contracts/column-engine.ts';
import type { PieceSizing } from './staging.ts';

/** NDJSON to zstd Parquet, before anything is known. */
const FIRST_RATIO = 6;
/** A smaller piece says more about footers than about data. */
const LEARN_FROM_BYTES = 1024 * 1024;

interface Learned {
  readonly ratio: number;
  readonly files: number;
}

/** `maxPieceBytes` bounds the spool of one piece, whatever the target: a piece of many partitions would otherwise grow without end. */
export function learningSizing(maxPieceBytes: number): PieceSizing {
  const learned = new Map<string, Learned>();
  return {
    pieceBytes(layout) {
      const { ratio, files } = learned.get(keyOf(layout)) ?? { ratio: FIRST_RATIO, files: 1 };
      return Math.max(1, Math.min(maxPieceBytes, layout.targetFileBytes * ratio * files));
    },
    expectedFiles: (layout) => learned.get(keyOf(layout))?.files,
    learn(layout, spoolBytes, files) {
      const before = learned.get(keyOf(layout)) ?? { ratio: FIRST_RATIO, files: 0 };
      const size = files.reduce((total, file) => total + Number(file.fileSizeInBytes), 0);
      learned.set(keyOf(layout), {
        ratio: spoolBytes < LEARN_FROM_BYTES ? before.ratio : spoolBytes / size,
        // Many are forgotten slowly: a small piece in between says little.
        files: Math.max(files.length, Math.floor(before.files / 2), 1),
      });
    },
  };
}

const keys = new WeakMap<FileLayout, string>();

function keyOf(layout: FileLayout): string {
  const known = keys.get(layout);
  if (known !== undefined) return known;
  const key = JSON.stringify([layout.schema.fields, layout.spec, layout.sortOrder, layout.compression]);
  keys.set(layout, key);
  return key;
}

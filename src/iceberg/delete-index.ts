/** Which delete files may apply to a data file (checklist 11.1). Pure. Owns the matching; reads nothing. */
import type { DeleteFile } from '../contracts/maintenance.ts';
import type { PartitionTuple } from '../record/values.ts';
import type { ContentFile } from './manifest-entry.ts';

/** `content` of a data file entry. */
export const DATA = 0;
const POSITION_DELETES = 1;
/** Of `file_path` in position delete files. */
const FILE_PATH_FIELD = 2_147_483_546;

interface Indexed {
  readonly file: DeleteFile;
  /** URI of the one data file it is about; undefined when it may be about several. */
  readonly about: string | undefined;
}

export class DeleteIndex {
  readonly #byTuple = new Map<string, Indexed[]>();
  readonly #everywhere: DeleteFile[] = [];

  /** A live delete file of a spec; `unpartitioned`: the spec has no fields. */
  add(content: ContentFile, sequenceNumber: bigint, specId: number, unpartitioned: boolean): void {
    const file = toDeleteFile(content, sequenceNumber);
    // An equality delete of a spec without fields is about every partition of every spec.
    if (file.kind === 'equality' && unpartitioned) {
      this.#everywhere.push(file);
      return;
    }
    const key = tupleKey(specId, content.partition);
    const known = this.#byTuple.get(key) ?? [];
    this.#byTuple.set(key, known);
    known.push({ file, about: dataFileOf(content) });
  }

  of(path: string, specId: number, partition: PartitionTuple, sequenceNumber: bigint): readonly DeleteFile[] {
    const there = this.#byTuple.get(tupleKey(specId, partition)) ?? [];
    return [
      ...this.#everywhere,
      ...there.filter(({ about }) => about === undefined || about === path).map(({ file }) => file),
    ].filter((file) =>
      file.kind === 'equality' ? sequenceNumber < file.sequenceNumber : sequenceNumber <= file.sequenceNumber,
    );
  }
}

export const toDeleteFile = (content: ContentFile, sequenceNumber: bigint): DeleteFile => ({
  kind: content.content === POSITION_DELETES ? 'position' : 'equality',
  format: content.fileFormat.toLowerCase(),
  filePath: content.filePath,
  sequenceNumber,
  equalityIds: content.equalityIds ?? [],
  recordCount: content.recordCount,
  fileSizeInBytes: content.fileSizeInBytes,
});

/** The one data file that position deletes are about, when the entry says so (checklist 6.7). */
export function dataFileOf(content: ContentFile): string | undefined {
  if (content.referencedDataFile !== undefined) return content.referencedDataFile;
  const [low, high] = [content.metrics.lowerBounds, content.metrics.upperBounds].map((bounds) =>
    bounds.get(FILE_PATH_FIELD),
  );
  if (low === undefined || high === undefined || Buffer.compare(low, high) !== 0) return undefined;
  return Buffer.from(low).toString('utf8');
}

/** Equal for equal tuples of one spec. */
export const tupleKey = (specId: number, tuple: PartitionTuple): string =>
  JSON.stringify([
    specId,
    ...tuple.map((value) =>
      value instanceof Uint8Array ? ['hex', Buffer.from(value).toString('hex')] : [typeof value, String(value)],
    ),
  ]);

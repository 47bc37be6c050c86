/** The summary of a snapshot that replaces files (checklist 9.3, 9.4). All values are text. Pure. */
import type { DataFile } from '../record/data-file.ts';
import type { ContentFile } from './manifest-entry.ts';
import { present, total } from './summary.ts';

export interface ReplaceFacts {
  readonly added: readonly DataFile[];
  /** Data and delete files. */
  readonly removed: readonly ContentFile[];
  /** Distinct partition tuples among added and removed data files. */
  readonly changedPartitions: number;
  readonly manifestsCreated: number;
  readonly manifestsKept: number;
  readonly manifestsReplaced: number;
}

/** `previous` is the summary of the snapshot before. */
export function replaceSummary(
  previous: Readonly<Record<string, string>> | undefined,
  facts: ReplaceFacts,
): Readonly<Record<string, string>> {
  const { added } = facts;
  const [data, positions, equalities] = [0, 1, 2].map((content) =>
    facts.removed.filter((file) => file.content === content),
  ) as [ContentFile[], ContentFile[], ContentFile[]];
  const deletes = [...positions, ...equalities];
  const addedRows = rows(added);
  const removedRows = rows(data);
  const addedBytes = bytes(added);
  const removedBytes = bytes(facts.removed);
  return {
    operation: 'replace',
    ...present('added-data-files', count(added)),
    ...present('deleted-data-files', count(data)),
    ...present('added-records', addedRows),
    ...present('deleted-records', removedRows),
    ...present('added-files-size', addedBytes),
    ...present('removed-files-size', removedBytes),
    ...present('removed-delete-files', count(deletes)),
    ...present('removed-position-delete-files', count(positions)),
    ...present('removed-equality-delete-files', count(equalities)),
    ...present('removed-position-deletes', rows(positions)),
    ...present('removed-equality-deletes', rows(equalities)),
    'changed-partition-count': String(facts.changedPartitions),
    ...total(previous, 'total-records', addedRows - removedRows),
    ...total(previous, 'total-files-size', addedBytes - removedBytes),
    ...total(previous, 'total-data-files', count(added) - count(data)),
    ...total(previous, 'total-delete-files', -count(deletes)),
    ...total(previous, 'total-position-deletes', -rows(positions)),
    ...total(previous, 'total-equality-deletes', -rows(equalities)),
    'manifests-created': String(facts.manifestsCreated),
    'manifests-kept': String(facts.manifestsKept),
    'manifests-replaced': String(facts.manifestsReplaced),
  };
}

const count = (files: readonly unknown[]): bigint => BigInt(files.length);
const rows = (files: readonly { readonly recordCount: bigint }[]): bigint =>
  files.reduce((sum, file) => sum + file.recordCount, 0n);
const bytes = (files: readonly { readonly fileSizeInBytes: bigint }[]): bigint =>
  files.reduce((sum, file) => sum + file.fileSizeInBytes, 0n);

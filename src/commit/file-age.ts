/**
 * May files that waited long still be committed? An orphan cleaner (ours or a foreign one) may have taken them (protocol §4, §8).
 * Owns the ages; asks the store only about old files.
 */
import type { Clock } from '../core/runtime.ts';
import type { Locations } from '../contracts/locations.ts';
import type { DataFile } from '../record/data-file.ts';

const HOUR_MS = 3_600_000;
/** Above this age each file is asked for before an attempt. */
const ASK_AFTER_MS = HOUR_MS;
/** A third of the orphan age gate (3 days): no attempt ever carries an older file. */
const NEVER_AFTER_MS = 24 * HOUR_MS;

export type StoredFile = Pick<DataFile, 'filePath' | 'fileSizeInBytes'>;

export interface UploadedFiles<F extends StoredFile = DataFile> {
  readonly files: readonly F[];
  /** Wall clock at which the first of them was put. */
  readonly uploadedAt: number;
}

/** False: the files must be written anew under other names. */
export async function filesStillThere(
  locations: Locations,
  uploaded: UploadedFiles<StoredFile>,
  clock: Clock,
): Promise<boolean> {
  const age = (): number => clock.now() - uploaded.uploadedAt;
  if (age() < ASK_AFTER_MS) return true;
  if (age() >= NEVER_AFTER_MS) return false;
  for (const file of uploaded.files) {
    const { store, key } = locations.resolve(file.filePath);
    const info = await store.head(key);
    if (info?.size !== file.fileSizeInBytes) return false;
  }
  // The machine may have slept while the store was asked.
  return age() < NEVER_AFTER_MS;
}

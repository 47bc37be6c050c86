/**
 * Written files into a table's store (protocol §4 step 2). Owns names and retries of uploads.
 * No object is ever overwritten: every name ends in a fresh random uuid and every put is if-absent. Deletes nothing.
 */
import { SluiceError, isSluiceError } from '../core/errors.ts';
import { backoffMs, type BackoffPolicy } from '../core/backoff.ts';
import { inParallel } from '../core/in-parallel.ts';
import { uuidV7, type Runtime } from '../core/runtime.ts';
import type { Locations } from '../contracts/locations.ts';
import { spanned, type Span } from '../contracts/tracing.ts';
import type { DataFile, WrittenFile } from '../record/data-file.ts';

const BACKOFF: BackoffPolicy = { initialMs: 100, maxMs: 10_000 };
const PARALLEL_UPLOADS = 4;

export interface Uploader {
  readonly locations: Locations;
  readonly runtime: Runtime;
  /** Hears of every upload that will be tried again. */
  readonly onTrouble: (cause: unknown) => void;
  /** Of the work that the uploads are part of. */
  readonly span: Span;
}

/** In the order given. Retries an unavailable store until the signal aborts. */
export const uploadFiles = (
  uploader: Uploader,
  tableLocation: string,
  written: readonly WrittenFile[],
  signal: AbortSignal,
): Promise<readonly DataFile[]> =>
  inParallel(written, PARALLEL_UPLOADS, (file) => upload(uploader, tableLocation, file, signal));

async function upload(
  uploader: Uploader,
  tableLocation: string,
  file: WrittenFile,
  signal: AbortSignal,
): Promise<DataFile> {
  const { localPath, ...facts } = file;
  for (let attempt = 0; ; attempt += 1) {
    // A new name a try: a put whose answer was lost may still land under the old one.
    const filePath = `${tableLocation}/data/${uuidV7(uploader.runtime)}.parquet`;
    const { store, key } = uploader.locations.resolve(filePath);
    const span = uploader.span.child('upload', {
      'sluice.file': filePath,
      'sluice.bytes': Number(file.fileSizeInBytes),
      'sluice.attempt': attempt + 1,
    });
    try {
      const put = await spanned(span, () => store.upload(key, localPath, { kind: 'if-absent' }, signal));
      if (put.kind === 'written') return { ...facts, filePath };
      throw new SluiceError('internal', 'a fresh data file name was taken', { context: { filePath } });
    } catch (error) {
      if (!isSluiceError(error, 'unavailable')) throw error;
      uploader.onTrouble(error);
      await uploader.runtime.clock.sleep(backoffMs(BACKOFF, attempt, uploader.runtime.random), signal);
    }
  }
}

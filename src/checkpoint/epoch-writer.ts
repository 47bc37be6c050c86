/**
 * From a sealed staging to data files in the table's store (protocol §4 step 2). Owns names and uploads.
 * No object is ever overwritten: every name ends in a fresh random uuid and every put is if-absent. Deletes nothing.
 */
import { SluiceError, isSluiceError } from '../core/errors.ts';
import { backoffMs, type BackoffPolicy } from '../core/backoff.ts';
import { uuidV7, type Runtime } from '../core/runtime.ts';
import type { Staging } from '../contracts/column-engine.ts';
import type { Locations } from '../contracts/locations.ts';
import { spanned, type Span } from '../contracts/tracing.ts';
import type { DataFile, WrittenFile } from '../record/data-file.ts';
import type { UploadedEpoch } from './epoch.ts';

const BACKOFF: BackoffPolicy = { initialMs: 100, maxMs: 10_000 };
const PARALLEL_UPLOADS = 4;

export interface EpochWriter {
  readonly locations: Locations;
  readonly runtime: Runtime;
  /** Hears of every upload that will be tried again. */
  readonly onTrouble: (cause: unknown) => void;
  /** Of the checkpoint. */
  readonly span: Span;
}

/** Retries an unavailable store until the signal aborts; rejects with what the engine throws. */
export async function writeEpoch(
  writer: EpochWriter,
  tableLocation: string,
  staging: Staging,
  signal: AbortSignal,
): Promise<UploadedEpoch> {
  const { clock } = writer.runtime;
  const started = clock.monotonic();
  const encode = writer.span.child('encode', { 'sluice.records': staging.rows, 'sluice.bytes': staging.bytes });
  const written = await spanned(encode, async () => (staging.rows === 0 ? [] : staging.write(signal)));
  const encoded = clock.monotonic();
  const uploadedAt = clock.now();
  const files = await inParallel(written, PARALLEL_UPLOADS, (file) => upload(writer, tableLocation, file, signal));
  return {
    files,
    uploadedAt,
    writeSeconds: (encoded - started) / 1000,
    uploadSeconds: (clock.monotonic() - encoded) / 1000,
  };
}

async function upload(
  writer: EpochWriter,
  tableLocation: string,
  file: WrittenFile,
  signal: AbortSignal,
): Promise<DataFile> {
  const { localPath, ...facts } = file;
  for (let attempt = 0; ; attempt += 1) {
    // A new name a try: a put whose answer was lost may still land under the old one.
    const filePath = `${tableLocation}/data/${uuidV7(writer.runtime)}.parquet`;
    const { store, key } = writer.locations.resolve(filePath);
    const span = writer.span.child('upload', {
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
      writer.onTrouble(error);
      await writer.runtime.clock.sleep(backoffMs(BACKOFF, attempt, writer.runtime.random), signal);
    }
  }
}

async function inParallel<A, B>(
  items: readonly A[],
  width: number,
  work: (item: A) => Promise<B>,
): Promise<readonly B[]> {
  const results: B[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as A);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

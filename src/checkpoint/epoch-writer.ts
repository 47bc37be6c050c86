/** From a sealed staging to data files in the table's store (protocol §4 step 2). Owns the two steps and how long they took. */
import { uploadFiles, type Uploader } from '../commit/upload-files.ts';
import type { Staging } from '../contracts/column-engine.ts';
import { spanned } from '../contracts/tracing.ts';
import type { UploadedEpoch } from './epoch.ts';

/** Retries an unavailable store until the signal aborts; rejects with what the engine throws. */
export async function writeEpoch(
  writer: Uploader,
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
  const files = await uploadFiles(writer, tableLocation, written, signal);
  return {
    files,
    uploadedAt,
    writeSeconds: (encoded - started) / 1000,
    uploadSeconds: (clock.monotonic() - encoded) / 1000,
  };
}

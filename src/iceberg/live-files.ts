/** The live data files of a snapshot with the deletes that may apply to them. Owns the order of reading: deletes first. */
import type { DeleteFile, LiveDataFile } from '../contracts/maintenance.ts';
import { DATA, DeleteIndex, toDeleteFile } from './delete-index.ts';
import { hasLiveFiles, type ManifestFile } from './manifest-file.ts';
import type { ManifestScan } from './manifest-scan.ts';
import { specById, type TableMetadata } from './metadata.ts';

export async function* liveFiles(
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
  scan: ManifestScan,
): AsyncGenerator<LiveDataFile> {
  const deletes = new DeleteIndex();
  for (const manifest of manifests) {
    if (manifest.content === DATA || !hasLiveFiles(manifest)) continue;
    const unpartitioned = specById(metadata, manifest.specId).fields.length === 0;
    for await (const { file, sequenceNumber } of scan.live(metadata, manifest))
      deletes.add(file, sequenceNumber, manifest.specId, unpartitioned);
  }
  for (const manifest of manifests) {
    if (manifest.content !== DATA || !hasLiveFiles(manifest)) continue;
    for await (const { file, sequenceNumber } of scan.live(metadata, manifest))
      yield {
        filePath: file.filePath,
        format: file.fileFormat.toLowerCase(),
        specId: manifest.specId,
        partition: file.partition,
        recordCount: file.recordCount,
        fileSizeInBytes: file.fileSizeInBytes,
        ...(file.sortOrderId === undefined ? {} : { sortOrderId: file.sortOrderId }),
        sequenceNumber,
        deletes: deletes.of(file.filePath, manifest.specId, file.partition, sequenceNumber),
        foundIn: manifest.path,
      };
  }
}

export async function* liveDeletes(
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
  scan: ManifestScan,
): AsyncGenerator<DeleteFile> {
  for (const manifest of manifests) {
    if (manifest.content === DATA || !hasLiveFiles(manifest)) continue;
    for await (const { file, sequenceNumber } of scan.live(metadata, manifest))
      yield toDeleteFile(file, sequenceNumber);
  }
}

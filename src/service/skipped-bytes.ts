/** Damaged bytes of the log that an operator chose to go on without: kept as files, so that nothing acknowledged is thrown away. */
import { mkdir, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ServiceLog } from '../contracts/service-log.ts';
import type { SkippedBytes } from '../lane/load-segments.ts';

/** Resolves when `<data dir>/skipped/<segment>-<start>-<end>` is on the disk; rejects, and the log does not open, when it cannot be. */
export const keepSkipped =
  (dataDir: string, logger: ServiceLog) =>
  async ({ file, start, end, why, bytes }: SkippedBytes): Promise<void> => {
    const directory = join(dataDir, 'skipped');
    await mkdir(directory, { recursive: true });
    const path = join(directory, `${basename(file)}-${start}-${end}`);
    const kept = await open(path, 'w');
    try {
      await kept.writeFile(bytes);
      await kept.sync();
    } finally {
      await kept.close();
    }
    logger.warn({ file, start, end, why, kept: path }, 'damaged bytes of the log were skipped and kept aside');
  };

/** Files into groups of bounded size, in their order. Pure. */
import type { LiveDataFile } from '../contracts/maintenance.ts';
import { MAX_GROUP_FILES } from './compaction-limits.ts';

/** Every file in exactly one group; a file above `most` is alone. Groups are about equal, so that none is left with a few small files. */
export function packed(files: readonly LiveDataFile[], most: number): readonly (readonly LiveDataFile[])[] {
  const total = files.reduce((sum, file) => sum + Number(file.fileSizeInBytes), 0);
  const count = Math.max(1, Math.ceil(total / most), Math.ceil(files.length / MAX_GROUP_FILES));
  const share = total / count;
  const groups: LiveDataFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const size = Number(file.fileSizeInBytes);
    const group = groups.at(-1);
    const full = group === undefined || group.length >= MAX_GROUP_FILES || bytes + size > most || bytes >= share;
    if (full) {
      groups.push([file]);
      bytes = size;
    } else {
      group.push(file);
      bytes += size;
    }
  }
  return groups;
}

/** Files that an administrator's command makes in the daemon's folders belong to the daemon's user, or it could not read them. */
import { chownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Gives the file to whoever owns its folder, when this process may. */
export function giveToOwnerOfFolder(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}

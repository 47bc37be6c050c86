/** How far every table of the catalog is in the lanes of the log, by its own progress: read without a daemon. */
import { existsSync } from 'node:fs';
import { wasPruned } from '../checkpoint/protocol.ts';
import type { Settings } from '../config/settings.ts';
import { formatTableName, offset, type TableUuid } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Standing } from '../lane/log-summary.ts';
import { openWarehouse } from './warehouse.ts';

/** Beyond every offset. */
const END = offset(2n ** 63n);

/** Undefined when there is no catalog to ask. Rejects when it, or one of its tables, cannot be read. */
export async function readStandings(
  settings: Settings,
  runtime: Runtime,
): Promise<ReadonlyMap<TableUuid, Standing> | undefined> {
  // Opening would make one, and whoever looks at a log wants nothing made.
  if (!existsSync(settings.catalog.path)) return undefined;
  const warehouse = openWarehouse(settings, runtime);
  try {
    const standings = new Map<TableUuid, Standing>();
    for (const name of await warehouse.tables.list()) {
      const loaded = await warehouse.format.load(name);
      if (loaded.kind === 'absent') continue;
      const progress = warehouse.format.progress(loaded.view, settings.pipeline);
      standings.set(loaded.view.uuid, {
        name: formatTableName(name),
        nextOf: (lane) => (wasPruned(progress, lane) ? END : progress?.lanes.get(lane)?.next),
      });
    }
    return standings;
  } finally {
    await warehouse.close();
  }
}

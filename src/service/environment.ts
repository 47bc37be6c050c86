/** Trying what the configuration names before it is relied on (`sluice validate`, promise P6). Owns the list of checks; cleans up behind itself. */
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { isSluiceError, messageOf } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Finding } from '../cli/deps.ts';
import type { Settings } from '../config/settings.ts';
import { formatSize } from '../config/units.ts';
import { probeStore } from '../store/probe.ts';
import { checkAccess } from './access.ts';
import { openWarehouse, type Warehouse } from './warehouse.ts';

const MiB = 1024 * 1024;

export async function checkEnvironment(settings: Settings, runtime: Runtime): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const check = async (name: string, work: () => Promise<string>): Promise<boolean> => {
    try {
      findings.push({ check: name, level: 'ok', message: await work() });
      return true;
    } catch (error) {
      const remedy = isSluiceError(error) ? error.remedy : undefined;
      findings.push({ check: name, level: 'error', message: messageOf(error), remedy: remedy ?? 'see the message' });
      return false;
    }
  };
  for (const [name, directory] of [
    ['log directory', settings.log.dir],
    ['spool directory', settings.spoolDir],
  ] as const)
    await check(name, async () => {
      await mkdir(directory, { recursive: true });
      await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
      return `${directory} can be written`;
    });
  await check('access: keys and certificates', () => {
    const keys = checkAccess(settings);
    return Promise.resolve(keys.length === 0 ? 'no API key yet' : `${keys.length} API keys`);
  });
  findings.push(...(await roomForLog(settings.log)));
  let warehouse: Warehouse | undefined;
  const opened = await check('catalog', async () => {
    warehouse = openWarehouse(settings, runtime);
    const tables = await warehouse.tables.list();
    return `${tables.length} tables in catalog ${settings.catalog.name}`;
  });
  if (opened && warehouse !== undefined) {
    const { store } = warehouse;
    await check('warehouse: reads, writes, racing conditional writes', async () => {
      await probeStore(store, runtime.random);
      return `${settings.warehouse} keeps its promises`;
    });
  }
  await warehouse?.close();
  return findings;
}

/** A log that fills its volume before its own bound stops the daemon instead of slowing the sources. */
async function roomForLog({ dir, maxBytes }: Settings['log']): Promise<readonly Finding[]> {
  const check = 'log space';
  try {
    const { bavail, bsize } = await statfs(dir);
    const free = bavail * bsize;
    if (free >= maxBytes) return [{ check, level: 'ok', message: `there is room for ${formatSize(maxBytes)}` }];
    return [
      {
        check,
        level: 'warning',
        message: `the volume of ${dir} has ${formatSize(Math.floor(free / MiB) * MiB)} left, log.max_bytes is ${formatSize(maxBytes)}`,
        remedy: 'give the log a larger volume, or lower log.max_bytes',
      },
    ];
  } catch {
    // The check of the directory has said why.
    return [];
  }
}

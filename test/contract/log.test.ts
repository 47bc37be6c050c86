/** The log promises on both disks. */
import { NodeDisk } from '../../src/lane/node-disk.ts';
import { SimDisk } from '../support/sim-disk/sim-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeLog } from './log.ts';

describeLog('simulated disk', () =>
  Promise.resolve({ disk: new SimDisk(), directory: '/log', cleanUp: () => Promise.resolve() }),
);

describeLog('node:fs', async () => {
  const folder = await temporaryFolder();
  return { disk: new NodeDisk(), directory: `${folder.path}/log`, cleanUp: () => folder.remove() };
});

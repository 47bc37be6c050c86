/** The disk promises on node:fs and on the simulated disk that stands in for it. */
import { NodeDisk } from '../../src/lane/node-disk.ts';
import { SimDisk } from '../support/sim-disk/sim-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeDisk } from './disk.ts';

describeDisk('simulated', () =>
  Promise.resolve({ disk: new SimDisk(), directory: '/disk/new', cleanUp: () => Promise.resolve() }),
);

describeDisk('node:fs', async () => {
  const folder = await temporaryFolder();
  return { disk: new NodeDisk(), directory: `${folder.path}/new`, cleanUp: () => folder.remove() };
});

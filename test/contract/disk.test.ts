/** The disk promises on node:fs and on the simulated disk that stands in for it. */
import { meteredDisk } from '../../src/lane/metered-disk.ts';
import { NodeDisk } from '../../src/lane/node-disk.ts';
import { systemClock } from '../../src/core/runtime.ts';
import { SimDisk } from '../support/sim-disk/sim-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeDisk } from './disk.ts';

describeDisk('simulated', () =>
  Promise.resolve({ disk: new SimDisk(), directory: '/disk/new', cleanUp: () => Promise.resolve() }),
);

describeDisk('metered', () =>
  Promise.resolve({
    disk: meteredDisk(new SimDisk(), () => undefined, systemClock),
    directory: '/disk/new',
    cleanUp: () => Promise.resolve(),
  }),
);

describeDisk('node:fs', async () => {
  const folder = await temporaryFolder();
  return { disk: new NodeDisk(), directory: `${folder.path}/new`, cleanUp: () => folder.remove() };
});

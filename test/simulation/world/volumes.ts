/** Volumes a daemon may find its log on. Owns their copies: what a restored or cloned one holds. */
import { SimDisk } from '../../support/sim-disk/sim-disk.ts';

export class SimVolume {
  readonly name: string;
  disk = new SimDisk();
  /** A snapshot of the block device, for a later restore. */
  copy: { readonly disk: SimDisk; readonly takenAt: number } | undefined;

  constructor(name: string, disk?: SimDisk) {
    this.name = name;
    if (disk !== undefined) this.disk = disk;
  }

  snapshot(now: number): void {
    this.copy = { disk: this.disk.platterCopy(), takenAt: now };
  }
}

/**
 * Opens a log: reads what is there, decides what counts, and syncs it before anybody may rely on it (protocol §2, "Open").
 * Owns the order of these steps. Does not lock the directory: the service does, before.
 */
import type { Disk } from '../contracts/disk.ts';
import type { Log } from '../contracts/log.ts';
import { SluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { Reserve } from './disk-full.ts';
import { DiskLog } from './disk-log.ts';
import type { LogLimits } from './disk-log.ts';
import { Ledger } from './ledger.ts';
import type { SkippedBytes } from './load-segments.ts';
import { loadParked, loadSegments, registerLanes } from './load-segments.ts';
import type { Manifest } from './manifest.ts';
import { EMPTY_MANIFEST, MANIFEST_NAME, readManifest, saveManifest } from './manifest.ts';
import { isParkedName } from './parking.ts';
import { readChain } from './segment-chain.ts';
import { sequenceOf } from './segment-header.ts';

export interface OpenLogOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly runtime: Runtime;
  /** A segment this large is followed by a new one. Default 64 MiB, at most a sixteenth of `maxBytes`. */
  readonly segmentBytes?: number;
  /** Bytes on disk, all tables together. Default 20 GiB. */
  readonly maxBytes?: number;
  /** Share of `maxBytes` that one table's uncommitted entries may take. Default 0.5. */
  readonly perTableShare?: number;
  /** How long committed entries are kept, for tables that are rolled back. Default 10 minutes. */
  readonly trimGraceMs?: number;
  /** Share of `maxBytes` above which the grace is not waited for. Default 0.5. */
  readonly graceShare?: number;
  /** Bytes of appends waiting in memory for a sync. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /**
   * Go on without damaged bytes that had been stored safely. Each such range is handed over first; only when the call resolves is
   * it passed over for good. A crash in between hands it over again. Absent: a damaged log is not opened.
   */
  readonly skip?: (range: SkippedBytes) => Promise<void>;
}

/**
 * Rejects with `corrupt`, naming file and byte, when bytes that had been synced are damaged; with `unavailable` when the disk fails.
 * Every entry of the log that is answered is on the platter.
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
  const { disk, directory, runtime } = options;
  const limits = limitsOf(options);
  await disk.makeDirectory(directory);
  const files = await disk.list(directory);
  const found = await readManifest(disk, directory);
  if (found === undefined && files.some((name) => sequenceOf(name) !== undefined)) throw manifestMissing(directory);
  const manifest = found ?? EMPTY_MANIFEST;
  const chain = await readChain(disk, directory, files, manifest.first);

  const ledger = new Ledger(Math.min(MAX_CHUNK_BYTES, Math.ceil(limits.segmentBytes / 16)));
  registerLanes(ledger, manifest.parked, chain.links);
  await loadParked({ disk, directory, runtime, ledger }, manifest.parked);
  const loaded = await loadSegments({ disk, directory, runtime, ledger }, chain.links, manifest, options.skip);
  ledger.sort();
  for (const burial of manifest.buried) ledger.burials.add(burial);
  ledger.releaseBuried(runtime.clock.monotonic());

  // The directory too: a killed life may have left entries in it that only the page cache knows.
  await disk.syncDirectory(directory);
  // A table with nothing in the log is named anew when it is opened.
  const names = new Map([...manifest.names].filter(([table]) => ledger.find(table) !== undefined));
  const kept: Manifest = { ...manifest, skipped: [...manifest.skipped, ...loaded.skipped], names };
  if (found === undefined || loaded.skipped.length > 0) await saveManifest(disk, directory, kept);
  await removeLeftovers(disk, directory, files, chain.dead, manifest);
  const reserve = new Reserve(disk, directory, Math.min(MAX_RESERVE_BYTES, Math.ceil(limits.maxBytes / 64)));
  await reserve.fill();
  return new DiskLog({
    disk,
    directory,
    runtime,
    limits,
    ledger,
    manifest: kept,
    tail: loaded.tail,
    nextSequence: chain.nextSequence,
    reserve,
  });
}

const MAX_CHUNK_BYTES = 1 << 20;
/** Room for the manifest of thousands of lanes and tables. */
const MAX_RESERVE_BYTES = 256 << 10;

function limitsOf(options: OpenLogOptions): LogLimits {
  const maxBytes = options.maxBytes ?? 20 * 2 ** 30;
  return {
    maxBytes,
    segmentBytes: Math.min(options.segmentBytes ?? 64 * 2 ** 20, Math.ceil(maxBytes / 16)),
    maxTableBytes: maxBytes * (options.perTableShare ?? 0.5),
    maxQueuedBytes: options.maxQueuedBytes ?? 64 * 2 ** 20,
    graceMs: options.trimGraceMs ?? 600_000,
    graceBytes: maxBytes * (options.graceShare ?? 0.5),
  };
}

/** Files of unfinished or finished work: they count for nothing, so losing their removal in a crash loses nothing. */
async function removeLeftovers(
  disk: Disk,
  directory: string,
  names: readonly string[],
  dead: readonly string[],
  manifest: Manifest,
): Promise<void> {
  const named = new Set(manifest.parked.map((record) => record.file));
  const leftovers = names.filter((name) => isParkedName(name) && !named.has(name));
  for (const name of [...dead, ...leftovers]) await disk.remove(`${directory}/${name}`);
}

const manifestMissing = (directory: string): SluiceError =>
  new SluiceError('corrupt', 'the log has segments but no manifest', {
    context: { file: `${directory}/${MANIFEST_NAME}`, byte: 0 },
    remedy: 'put the manifest back: without it nobody knows what was trimmed and what is parked',
  });

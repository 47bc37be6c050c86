/**
 * Keeping the manifest list short (checklist 8.6, promise P7): which manifests of a base to merge, and merging them.
 * Entries of a merged manifest are EXISTING with their numbers written out. Chooses and encodes; reads through what it is given.
 */
import type { Random } from '../core/runtime.ts';
import { readAvroFile, writeAvroFile, type AvroBlock } from './avro-file.ts';
import { DELETED, EXISTING, type ManifestEntry } from './manifest-entry.ts';
import { hasLiveFiles, mergeSummaries, summarise, type FieldSummary, type ManifestFile } from './manifest-file.ts';
import { readEntries } from './manifest-read.ts';
import { encodeEntries, type ManifestForm, type WrittenManifest } from './manifest-write.ts';
import type { TableMetadata } from './metadata.ts';
import type { PrimitiveType } from '../record/types.ts';

export interface MergePolicy {
  readonly enabled: boolean;
  /** Merge once this many manifests can be spared. */
  readonly minCount: number;
  readonly targetBytes: bigint;
}

export const mergePolicy = (metadata: TableMetadata): MergePolicy => ({
  enabled: metadata.properties['commit.manifest-merge.enabled'] !== 'false',
  minCount: positive(metadata.properties['commit.manifest.min-count-to-merge'], 100),
  targetBytes: BigInt(positive(metadata.properties['commit.manifest.target-size-bytes'], 8 * 1024 * 1024)),
});

/** Entries that one commit decodes: some 50 ms of processor time. */
const MOST_ENTRIES = 1_000;
/** Manifests that one commit reads. */
const MOST_MANIFESTS = 200;

/**
 * Small data manifests of one spec, together of about the target size at most, oldest first, for one commit to merge. Empty until enough
 * have gathered. Our own entries are decoded once, and never moved again once their manifest is large. No commit reads more than the target
 * size, nor decodes more than `MOST_ENTRIES` or two manifests of what commits added; of manifests that other writers merged it decodes all.
 */
export function planMerge(policy: MergePolicy, manifests: readonly ManifestFile[]): readonly ManifestFile[] {
  if (!policy.enabled) return [];
  const bins: ManifestFile[][] = [];
  const open = new Map<number, { bin: ManifestFile[]; bytes: bigint }>();
  for (const manifest of [...manifests].reverse()) {
    // One that is nearly full would be written again and again for the sake of a few entries.
    const isSmall = manifest.length * 4n < policy.targetBytes * 3n;
    if (manifest.content !== 0 || !isSmall || !hasLiveFiles(manifest) || manifest.keyMetadata !== undefined) continue;
    const current = open.get(manifest.specId);
    if (current !== undefined && current.bytes + manifest.length <= policy.targetBytes) {
      current.bin.push(manifest);
      current.bytes += manifest.length;
    } else {
      const bin = [manifest];
      bins.push(bin);
      open.set(manifest.specId, { bin, bytes: manifest.length });
    }
  }
  const worthwhile = bins.filter((bin) => bin.length > 1);
  const spared = worthwhile.reduce((count, bin) => count + bin.length, 0);
  return spared >= policy.minCount ? bounded(worthwhile[0] ?? []) : [];
}

/**
 * A bin, or as much of it as one commit takes: first what has to be decoded, whose merged manifests then gather to be joined undecoded.
 * Two at a time are enough for the list not to grow, since a commit brings one.
 */
function bounded(bin: readonly ManifestFile[]): readonly ManifestFile[] {
  const added = bin.filter((manifest) => !isFinal(manifest));
  let entries = 0;
  const end = added.findIndex((manifest, at) => {
    entries += manifest.addedFiles + manifest.existingFiles + manifest.deletedFiles;
    return at >= 2 && (entries > MOST_ENTRIES || at >= MOST_MANIFESTS);
  });
  if (end < 0 && entries <= MOST_ENTRIES && bin.length <= MOST_MANIFESTS) return bin;
  if (added.length > 1) return end < 0 ? added : added.slice(0, end);
  const joined = bin.filter(isFinal).slice(0, MOST_MANIFESTS);
  return joined.length > 1 ? joined : bin;
}

/** One manifest in place of several of the form's spec, given one after another, oldest first. */
export class ManifestMerger {
  readonly #form: ManifestForm;
  readonly #blocks: AvroBlock[] = [];
  readonly #summaries: (readonly FieldSummary[] | undefined)[] = [];
  #files = 0;
  #rows = 0n;
  #minSequenceNumber: bigint | undefined;

  constructor(form: ManifestForm) {
    this.#form = form;
  }

  /** Answers how many entries had to be decoded. */
  add(manifest: ManifestFile, bytes: Uint8Array): number {
    const file = readAvroFile(bytes, manifest.path);
    // What an earlier merge wrote is in its final form: its blocks are taken over as they are, neither inflated nor decoded.
    if (isFinal(manifest) && file.header.schema === this.#form.avroSchema && file.header.codec === 'deflate') {
      this.#blocks.push(...file.blocks);
      this.#summaries.push(manifest.partitions);
      this.#count(manifest.existingFiles, manifest.existingRows, manifest.minSequenceNumber);
      return 0;
    }
    const moved: ManifestEntry[] = [];
    for (const entry of readEntries(file, manifest, this.#form.columns)) {
      if (entry.status === DELETED) continue;
      moved.push({ ...entry, status: EXISTING });
      this.#count(1, entry.file.recordCount, entry.sequenceNumber ?? manifest.minSequenceNumber);
    }
    this.#blocks.push(...encodeEntries(this.#form, moved));
    this.#summaries.push(
      summarise(
        this.#types(),
        moved.map((entry) => entry.file.partition),
      ),
    );
    return moved.length;
  }

  finish(random: Random): WrittenManifest {
    const partitions = mergeSummaries(this.#types(), this.#summaries);
    return {
      bytes: writeAvroFile(this.#form.avroSchema, this.#form.header, this.#blocks, random),
      specId: this.#form.spec.specId,
      addedFiles: 0,
      existingFiles: this.#files,
      deletedFiles: 0,
      addedRows: 0n,
      existingRows: this.#rows,
      deletedRows: 0n,
      ...(this.#minSequenceNumber === undefined ? {} : { minSequenceNumber: this.#minSequenceNumber }),
      ...(partitions === undefined ? {} : { partitions }),
    };
  }

  #count(files: number, rows: bigint, sequence: bigint): void {
    this.#files += files;
    this.#rows += rows;
    const least = this.#minSequenceNumber;
    if (least === undefined || sequence < least) this.#minSequenceNumber = sequence;
  }

  #types(): readonly PrimitiveType[] {
    return this.#form.columns.map((column) => column.type);
  }
}

const isFinal = (manifest: ManifestFile): boolean => manifest.addedFiles === 0 && manifest.deletedFiles === 0;

function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? '');
  return Number.isSafeInteger(value) && value > 0 ? value : otherwise;
}

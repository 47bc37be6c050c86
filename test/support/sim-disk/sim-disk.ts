/**
 * A simulated disk with a page cache apart from the platter, so that a kill and a power cut differ. Deterministic: nothing happens
 * inside an operation but its effect; before each one the hook is asked, which may wait, crash the disk, or answer a fault.
 * Owns names, lives and faults; bytes of a file are `sim-inode.ts`.
 */
import { posix } from 'node:path';
import type { Disk, DiskFile } from '../../../src/contracts/disk.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Random } from '../../../src/core/runtime.ts';
import { SimInode } from './sim-inode.ts';

export interface SimOperation {
  readonly kind:
    | 'makeDirectory'
    | 'list'
    | 'read'
    | 'size'
    | 'open'
    | 'rewrite'
    | 'rename'
    | 'remove'
    | 'syncDirectory'
    | 'free'
    | 'append'
    | 'sync'
    | 'truncate'
    | 'close';
  readonly path: string;
  readonly bytes?: number;
}

/** The operation rejects with `code`; `effect`: whether it happened all the same, or (append) a part of it. */
export interface SimFault {
  readonly code: string;
  readonly effect: 'none' | 'part' | 'all';
}

export type SimHook = (operation: SimOperation) => Promise<SimFault | undefined> | SimFault | undefined;

type NameChange =
  | { readonly kind: 'link'; readonly path: string; readonly inode: SimInode }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly inode: SimInode };

export interface SimDiskOptions {
  readonly capacity?: number;
  readonly hook?: SimHook;
}

export class SimDisk implements Disk {
  /** Bytes that fit on the volume; appends beyond fail with ENOSPC after what still fits. */
  capacity: number;
  /** Asked before every operation of a living process. */
  hook: SimHook | undefined;
  #names = new Map<string, SimInode>();
  #platterNames = new Map<string, SimInode>();
  #nameChanges: NameChange[] = [];
  readonly #directories = new Set<string>();
  #life = 0;

  constructor(options: SimDiskOptions = {}) {
    this.capacity = options.capacity ?? Number.MAX_SAFE_INTEGER;
    this.hook = options.hook;
  }

  /** The process dies: its operations never answer. The page cache stays. */
  crashKill(): void {
    this.#life += 1;
  }

  /** The machine dies: of what was not synced, bytes and names alike, any subset survives. */
  crashPower(random: Random): void {
    this.#life += 1;
    const kept = [0, 1, random.float()][Math.floor(random.float() * 3)] ?? 0;
    const inodes = new Set([...this.#names.values(), ...this.#platterNames.values()]);
    for (const change of this.#nameChanges) {
      if (change.kind === 'link') inodes.add(change.inode);
      if (random.float() < kept) applyName(this.#platterNames, change);
    }
    this.#nameChanges = [];
    this.#names = new Map(this.#platterNames);
    for (const inode of inodes) inode.powerCut(random);
  }

  /** What a snapshot of the block device holds at this moment: a volume restored or cloned from it knows nothing of the page cache. */
  platterCopy(): SimDisk {
    const copy = new SimDisk({ capacity: this.capacity });
    for (const path of this.#directories) copy.#directories.add(path);
    for (const [path, inode] of this.#platterNames) copy.#platterNames.set(path, inode.platterCopy());
    copy.#names = new Map(copy.#platterNames);
    return copy;
  }

  /** The disk as the process of now sees it: after the next crash, nothing asked of it ever answers. */
  mount(): Disk {
    const life = this.#life;
    return {
      makeDirectory: (path) => this.#run(life, { kind: 'makeDirectory', path }, () => this.#makeDirectory(path)),
      list: (path) => this.#run(life, { kind: 'list', path }, () => this.#list(path)),
      read: (path, start, end) =>
        this.#run(life, { kind: 'read', path }, () => this.#names.get(path)?.read(start, end)),
      size: (path) => this.#run(life, { kind: 'size', path }, () => this.#names.get(path)?.size),
      open: (path, mode) => this.#run(life, { kind: 'open', path }, () => this.#open(life, path, mode)),
      rewrite: (path, start, end) =>
        this.#run(life, { kind: 'rewrite', path }, () => this.#rewrite(path, start, end)).catch((error: unknown) => {
          this.#names.get(path)?.failSync();
          throw error;
        }),
      rename: (from, to) => this.#run(life, { kind: 'rename', path: from }, () => this.#rename(from, to)),
      remove: (path) => this.#run(life, { kind: 'remove', path }, () => this.#remove(path)),
      syncDirectory: (path) => this.#run(life, { kind: 'syncDirectory', path }, () => this.#syncDirectory(path)),
      free: (path) => this.#run(life, { kind: 'free', path }, () => Math.max(0, this.capacity - this.used())),
    };
  }

  makeDirectory(path: string): Promise<void> {
    return this.mount().makeDirectory(path);
  }
  list(path: string): Promise<readonly string[]> {
    return this.mount().list(path);
  }
  read(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    return this.mount().read(path, start, end);
  }
  size(path: string): Promise<number | undefined> {
    return this.mount().size(path);
  }
  open(path: string, mode: 'create-new' | 'existing'): Promise<DiskFile> {
    return this.mount().open(path, mode);
  }
  rewrite(path: string, start: number, end: number): Promise<void> {
    return this.mount().rewrite(path, start, end);
  }
  rename(from: string, to: string): Promise<void> {
    return this.mount().rename(from, to);
  }
  remove(path: string): Promise<void> {
    return this.mount().remove(path);
  }
  syncDirectory(path: string): Promise<void> {
    return this.mount().syncDirectory(path);
  }
  free(path: string): Promise<number> {
    return this.mount().free(path);
  }

  /** Bit rot at a byte of a file. */
  flip(path: string, byte: number, mask = 0xff): void {
    this.#names.get(path)?.flip(byte, mask);
  }

  /** Paths of all files, ascending. */
  files(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  async #run<T>(life: number, operation: SimOperation, effect: () => T, part?: () => void): Promise<T> {
    if (life !== this.#life) return await never();
    const fault = await this.hook?.(operation);
    if (life !== this.#life) return await never();
    if (fault === undefined) return effect();
    if (fault.effect === 'all') effect();
    if (fault.effect === 'part') part?.();
    throw diskError(operation.kind, operation.path, fault.code);
  }

  #makeDirectory(path: string): void {
    for (let at = path; !this.#directories.has(at); at = posix.dirname(at)) this.#directories.add(at);
  }

  #list(path: string): readonly string[] {
    return this.files()
      .filter((name) => posix.dirname(name) === path)
      .map((name) => posix.basename(name));
  }

  #open(life: number, path: string, mode: 'create-new' | 'existing'): DiskFile {
    const found = this.#names.get(path);
    if (mode === 'existing') {
      if (found === undefined) throw diskError('open', path, 'ENOENT');
      return this.#handle(life, path, found);
    }
    if (found !== undefined) throw diskError('open', path, 'EEXIST');
    if (!this.#directories.has(posix.dirname(path))) throw diskError('open', path, 'ENOENT');
    const inode = new SimInode();
    this.#change({ kind: 'link', path, inode });
    return this.#handle(life, path, inode);
  }

  #handle(life: number, path: string, inode: SimInode): DiskFile {
    const append = (bytes: Buffer, upTo: number): void => {
      const room = Math.max(0, this.capacity - this.used());
      inode.append(bytes.subarray(0, Math.min(upTo, room)));
      if (room < Math.min(upTo, bytes.length)) throw diskError('append', path, 'ENOSPC');
    };
    return {
      append: (chunks) => {
        const bytes = Buffer.concat(chunks);
        const operation = { kind: 'append', path, bytes: bytes.length } as const;
        const part = (): void => append(bytes, Math.ceil(bytes.length / 2));
        return this.#run(life, operation, () => append(bytes, bytes.length), part);
      },
      sync: () =>
        this.#run(life, { kind: 'sync', path }, () => inode.sync()).catch((error: unknown) => {
          inode.failSync();
          throw error;
        }),
      truncate: (size) => this.#run(life, { kind: 'truncate', path }, () => inode.truncate(size)),
      close: () => this.#run(life, { kind: 'close', path }, () => undefined),
    };
  }

  #rewrite(path: string, start: number, end: number): void {
    const inode = this.#names.get(path);
    if (inode === undefined || end > inode.size) throw diskError('rewrite', path, 'ENOENT');
    inode.rewrite(start, end);
    inode.sync();
  }

  #rename(from: string, to: string): void {
    const inode = this.#names.get(from);
    if (inode === undefined) throw diskError('rename', from, 'ENOENT');
    this.#change({ kind: 'rename', from, to, inode });
  }

  #remove(path: string): void {
    if (this.#names.has(path)) this.#change({ kind: 'unlink', path });
  }

  #change(change: NameChange): void {
    applyName(this.#names, change);
    this.#nameChanges.push(change);
  }

  #syncDirectory(path: string): void {
    const here = (change: NameChange): boolean =>
      posix.dirname(change.kind === 'rename' ? change.to : change.path) === path;
    for (const change of this.#nameChanges.filter(here)) applyName(this.#platterNames, change);
    this.#nameChanges = this.#nameChanges.filter((change) => !here(change));
  }

  /** Bytes of all files. */
  used(): number {
    let bytes = 0;
    for (const inode of this.#names.values()) bytes += inode.size;
    return bytes;
  }
}

function applyName(names: Map<string, SimInode>, change: NameChange): void {
  if (change.kind === 'link') names.set(change.path, change.inode);
  else if (change.kind === 'unlink') names.delete(change.path);
  else {
    names.delete(change.from);
    names.set(change.to, change.inode);
  }
}

const diskError = (operation: string, path: string, code: string): SluiceError =>
  new SluiceError('unavailable', `${operation} failed on ${path}: ${code}`, { context: { operation, path, code } });

const never = <T>(): Promise<T> => new Promise<T>(() => {});

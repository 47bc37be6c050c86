/**
 * A state of the table as a reader sees it, straight from the objects: snapshots, refs, files, live rows, everything reached. Owns no rule.
 * Reads Avro with another library than the product, and knows nothing of its metadata classes.
 */
import { parseJson64 } from '../../../src/core/json64.ts';
import { readAvroNow } from '../../support/iceberg-linter/avro.ts';
import type { Bucket } from '../world/sim-store.ts';
import { left } from './lines.ts';

export interface StateSnapshot {
  readonly id: bigint;
  readonly parent: bigint | undefined;
  readonly sequence: bigint;
  readonly timestampMs: number;
  readonly summary: Readonly<Record<string, string>>;
  readonly list: string;
}

export interface StateRef {
  readonly id: bigint;
  readonly type: string;
}

export interface TableState {
  readonly location: string;
  readonly metadata: string;
  readonly snapshots: ReadonlyMap<bigint, StateSnapshot>;
  readonly main: bigint | undefined;
  readonly refs: ReadonlyMap<string, StateRef>;
  readonly properties: Readonly<Record<string, string>>;
  /** Earlier metadata files that it names. */
  readonly log: readonly string[];
}

export interface StateFile {
  readonly path: string;
  /** 0 data, 1 position deletes, 2 equality deletes. */
  readonly content: number;
  readonly sequence: bigint;
  readonly fileSequence: bigint;
  readonly tuple: string;
}

interface Read {
  readonly files: readonly StateFile[];
  readonly manifests: readonly string[];
}

/** `s3`, `s3a` and `s3n` are one place. */
export const keyOf = (uri: string): string => uri.replace(/^s3[an]?:\/\/lake\//, '');

export class StateReader {
  readonly #bucket: Bucket;
  readonly #states = new Map<string, TableState>();
  readonly #read = new Map<string, Read>();
  readonly #rows = new Map<string, readonly string[]>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  state(metadata: string): TableState {
    const known = this.#states.get(metadata);
    if (known !== undefined) return known;
    const document = parseJson64(Buffer.from(this.#bytes(metadata)).toString(), metadata) as unknown as Document;
    const snapshots = (document.snapshots ?? []).map((snapshot): StateSnapshot => ({
      id: BigInt(snapshot['snapshot-id']),
      parent: snapshot['parent-snapshot-id'] === undefined ? undefined : BigInt(snapshot['parent-snapshot-id']),
      sequence: BigInt(snapshot['sequence-number']),
      timestampMs: Number(snapshot['timestamp-ms']),
      summary: snapshot.summary,
      list: snapshot['manifest-list'],
    }));
    const refs = Object.entries(document.refs ?? {}).map(
      ([name, ref]) => [name, { id: BigInt(ref['snapshot-id']), type: ref.type }] as const,
    );
    const main = document['current-snapshot-id'];
    const state: TableState = {
      location: document.location,
      metadata,
      snapshots: new Map(snapshots.map((snapshot) => [snapshot.id, snapshot])),
      main: main === undefined || main === null || BigInt(main) === -1n ? undefined : BigInt(main),
      refs: new Map(refs),
      properties: document.properties ?? {},
      log: (document['metadata-log'] ?? []).map((entry) => entry['metadata-file']),
    };
    this.#states.set(metadata, state);
    return state;
  }

  /** Live files of the snapshot. */
  files(snapshot: StateSnapshot | undefined): readonly StateFile[] {
    return snapshot === undefined ? [] : this.#readList(snapshot.list).files;
  }

  /** Live rows of the snapshot, sorted; each as often as it is there. */
  rows(snapshot: StateSnapshot | undefined): readonly string[] {
    if (snapshot === undefined) return [];
    const known = this.#rows.get(snapshot.list) ?? this.readAnew(snapshot);
    this.#rows.set(snapshot.list, known);
    return known;
  }

  /** As `rows`, from what the files hold now. */
  readAnew(snapshot: StateSnapshot): readonly string[] {
    const data = this.files(snapshot).filter(({ content }) => content === 0);
    return data.flatMap((file) => this.rowsOf(snapshot, file)).sort();
  }

  /** Rows of one data file of the snapshot that are left. */
  rowsOf(snapshot: StateSnapshot, { path, sequence, tuple }: StateFile): readonly string[] {
    const deletes = (content: number) =>
      this.files(snapshot)
        .filter((file) => file.content === content && file.tuple === tuple)
        .map((file) => ({ sequence: file.sequence, rows: this.#lines(file.path) }));
    return left(path, sequence, this.#lines(path), { positions: deletes(1), keys: deletes(2) });
  }

  /** Keys of everything that snapshots of the state reach, without the metadata files. */
  *reachedBySnapshots(state: TableState): Generator<string> {
    for (const snapshot of state.snapshots.values()) {
      yield keyOf(snapshot.list);
      const { files, manifests } = this.#readList(snapshot.list);
      for (const manifest of manifests) yield keyOf(manifest);
      for (const { path } of files) yield keyOf(path);
    }
  }

  reached(state: TableState): ReadonlySet<string> {
    return new Set([keyOf(state.metadata), ...state.log.map(keyOf), ...this.reachedBySnapshots(state)]);
  }

  #readList(list: string): Read {
    const known = this.#read.get(list);
    if (known !== undefined) return known;
    const lines = readAvroNow(this.#bytes(list)) as unknown as readonly ListLine[];
    const files = lines.flatMap((line) =>
      (readAvroNow(this.#bytes(line.manifest_path)) as unknown as readonly Entry[])
        .filter(({ status }) => status !== 2)
        .map((entry): StateFile => ({
          path: entry.data_file.file_path,
          content: entry.data_file.content,
          sequence: entry.sequence_number ?? line.sequence_number,
          fileSequence: entry.file_sequence_number ?? line.sequence_number,
          tuple: Object.values(entry.data_file.partition).join('/'),
        })),
    );
    const read = { files, manifests: lines.map(({ manifest_path }) => manifest_path) };
    this.#read.set(list, read);
    return read;
  }

  #bytes(uri: string): Uint8Array {
    const object = this.#bucket.objects.get(keyOf(uri));
    if (object === undefined) throw new Error(`${uri} is not there`);
    return object.bytes;
  }

  #lines(uri: string): readonly string[] {
    const object = this.#bucket.objects.get(keyOf(uri));
    if (object === undefined) throw new Error(`${uri} is not there`);
    return object.rows;
  }
}

/** Numbers that fit a double come as such. */
type Long = number | bigint;

interface Document {
  readonly location: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly snapshots?: readonly {
    readonly 'snapshot-id': Long;
    readonly 'parent-snapshot-id'?: Long;
    readonly 'sequence-number': Long;
    readonly 'timestamp-ms': Long;
    readonly 'manifest-list': string;
    readonly summary: Readonly<Record<string, string>>;
  }[];
  readonly refs?: Readonly<Record<string, { readonly 'snapshot-id': Long; readonly type: string }>>;
  readonly 'current-snapshot-id'?: Long | null;
  readonly 'metadata-log'?: readonly { readonly 'metadata-file': string }[];
}

interface ListLine {
  readonly manifest_path: string;
  readonly sequence_number: bigint;
}

interface Entry {
  readonly status: number;
  readonly sequence_number: bigint | null;
  readonly file_sequence_number: bigint | null;
  readonly data_file: {
    readonly content: number;
    readonly file_path: string;
    readonly partition: Readonly<Record<string, unknown>>;
  };
}

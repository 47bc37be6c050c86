/**
 * Table metadata as text, both ways (spec Appendix C; checklist §0, §1). Reads format version 2, and 3 without loss; what this version
 * does not know is kept. Owns no rules between members but those without which the file cannot be believed (`metadata-check.ts`).
 */
import { SluiceError } from '../core/errors.ts';
import { asLong, parseJson64, stringifyJson64, type Json64 } from '../core/json64.ts';
import { checkMetadata } from './metadata-check.ts';
import type {
  JsonObject,
  MetadataLogEntry,
  Snapshot,
  SnapshotLogEntry,
  SnapshotRef,
  TableMetadata,
} from './metadata.ts';

/** `what` names the file for people. Throws kind `corrupt`; `unsupported` for other format versions. */
export function parseMetadata(text: string, what: string): TableMetadata {
  const reader = new Reader(what);
  const document = reader.object(parseJson64(text, what), 'the file');
  const formatVersion = reader.integer(document['format-version'], 'format-version');
  if (formatVersion !== 2 && formatVersion !== 3)
    throw new SluiceError('unsupported', `${what} has Iceberg format version ${formatVersion}`, {
      remedy:
        "upgrade the table to format version 2 with the engine that made it (table property 'format-version' = '2')",
    });
  const current = document['current-snapshot-id'];
  const { rest } = split(document, KNOWN);
  const metadata: TableMetadata = {
    formatVersion,
    tableUuid: reader.text(document['table-uuid'], 'table-uuid'),
    location: reader.text(document['location'], 'location').replace(/\/+$/, ''),
    lastSequenceNumber: reader.long(document['last-sequence-number'], 'last-sequence-number'),
    lastUpdatedMs: reader.integer(document['last-updated-ms'], 'last-updated-ms'),
    lastColumnId: reader.integer(document['last-column-id'], 'last-column-id'),
    schemas: reader.objects(document['schemas'], 'schemas'),
    currentSchemaId: reader.integer(document['current-schema-id'], 'current-schema-id'),
    partitionSpecs: reader.objects(document['partition-specs'], 'partition-specs'),
    defaultSpecId: reader.integer(document['default-spec-id'], 'default-spec-id'),
    lastPartitionId: reader.integer(document['last-partition-id'], 'last-partition-id'),
    sortOrders: reader.objects(document['sort-orders'], 'sort-orders'),
    defaultSortOrderId: reader.integer(document['default-sort-order-id'], 'default-sort-order-id'),
    properties: reader.texts(document['properties'], 'properties'),
    // Java writes -1 for "none" in version 2 and null in version 3 (checklist 1.3).
    ...(current === undefined || current === null || current === -1
      ? {}
      : { currentSnapshotId: reader.long(current, 'current-snapshot-id') }),
    snapshots: reader.objects(document['snapshots'] ?? [], 'snapshots').map((node) => reader.snapshot(node)),
    snapshotLog: reader.objects(document['snapshot-log'] ?? [], 'snapshot-log').map((node): SnapshotLogEntry => ({
      timestampMs: reader.integer(node['timestamp-ms'], 'snapshot-log: timestamp-ms'),
      snapshotId: reader.long(node['snapshot-id'], 'snapshot-log: snapshot-id'),
    })),
    metadataLog: reader.objects(document['metadata-log'] ?? [], 'metadata-log').map((node): MetadataLogEntry => ({
      timestampMs: reader.integer(node['timestamp-ms'], 'metadata-log: timestamp-ms'),
      metadataFile: reader.text(node['metadata-file'], 'metadata-log: metadata-file'),
    })),
    refs: {},
    rest,
  };
  const withRefs: TableMetadata = { ...metadata, refs: readRefs(reader, document['refs'], metadata.currentSnapshotId) };
  checkMetadata(withRefs, what);
  return withRefs;
}

/**
 * One line. The members stand in the order in which Java writes them. A table keeps its snapshots from commit to commit, so the text of
 * each is made once: printing costs what is new, and the copying of the rest.
 */
export function printMetadata(metadata: TableMetadata): string {
  const members = Object.entries(metadataJson(metadata)).map(([key, value]) => {
    const text =
      key === 'snapshots'
        ? list(metadata.snapshots, (snapshot) => stringifyJson64(snapshotJson(snapshot)))
        : key === 'snapshot-log'
          ? list(metadata.snapshotLog, (entry) => stringifyJson64(logEntryJson(entry)))
          : stringifyJson64(value);
    return `${JSON.stringify(key)}:${text}`;
  });
  return `{${members.join(',')}}`;
}

const TEXTS = new WeakMap<object, string>();

function list<T extends object>(items: readonly T[], print: (item: T) => string): string {
  const texts = items.map((item) => {
    const known = TEXTS.get(item);
    if (known !== undefined) return known;
    const text = print(item);
    TEXTS.set(item, text);
    return text;
  });
  return `[${texts.join(',')}]`;
}

/** Every member; snapshots and their log are only in their place. */
function metadataJson(metadata: TableMetadata): JsonObject {
  return {
    'format-version': metadata.formatVersion,
    'table-uuid': metadata.tableUuid,
    location: metadata.location,
    'last-sequence-number': metadata.lastSequenceNumber,
    'last-updated-ms': metadata.lastUpdatedMs,
    'last-column-id': metadata.lastColumnId,
    'current-schema-id': metadata.currentSchemaId,
    schemas: metadata.schemas,
    'default-spec-id': metadata.defaultSpecId,
    'partition-specs': metadata.partitionSpecs,
    'last-partition-id': metadata.lastPartitionId,
    'default-sort-order-id': metadata.defaultSortOrderId,
    'sort-orders': metadata.sortOrders,
    properties: metadata.properties,
    'current-snapshot-id': metadata.currentSnapshotId ?? (metadata.formatVersion >= 3 ? null : -1),
    refs: Object.fromEntries(
      Object.entries(metadata.refs).map(([name, ref]) => [
        name,
        { 'snapshot-id': ref.snapshotId, type: ref.type, ...ref.rest },
      ]),
    ),
    snapshots: [],
    statistics: [],
    'partition-statistics': [],
    ...metadata.rest,
    'snapshot-log': [],
    'metadata-log': metadata.metadataLog.map((entry) => ({
      'timestamp-ms': entry.timestampMs,
      'metadata-file': entry.metadataFile,
    })),
  };
}

const logEntryJson = (entry: SnapshotLogEntry): JsonObject => ({
  'timestamp-ms': entry.timestampMs,
  'snapshot-id': entry.snapshotId,
});

/** Also the form of a snapshot in REST updates. */
export const snapshotJson = (snapshot: Snapshot): JsonObject => ({
  'sequence-number': snapshot.sequenceNumber,
  'snapshot-id': snapshot.snapshotId,
  ...(snapshot.parentId === undefined ? {} : { 'parent-snapshot-id': snapshot.parentId }),
  'timestamp-ms': snapshot.timestampMs,
  summary: snapshot.summary,
  'manifest-list': snapshot.manifestList,
  ...(snapshot.schemaId === undefined ? {} : { 'schema-id': snapshot.schemaId }),
  ...snapshot.rest,
});

const KNOWN = [
  'format-version',
  'table-uuid',
  'location',
  'last-sequence-number',
  'last-updated-ms',
  'last-column-id',
  'schemas',
  'current-schema-id',
  'partition-specs',
  'default-spec-id',
  'last-partition-id',
  'sort-orders',
  'default-sort-order-id',
  'properties',
  'current-snapshot-id',
  'snapshots',
  'snapshot-log',
  'metadata-log',
  'refs',
];

const KNOWN_IN_SNAPSHOT = [
  'sequence-number',
  'snapshot-id',
  'parent-snapshot-id',
  'timestamp-ms',
  'summary',
  'manifest-list',
  'schema-id',
];

function split(document: JsonObject, known: readonly string[]): { readonly rest: JsonObject } {
  return { rest: Object.fromEntries(Object.entries(document).filter(([key]) => !known.includes(key))) };
}

/** Files without refs (older writers) have `main` at the current snapshot. */
function readRefs(
  reader: Reader,
  json: Json64 | undefined,
  current: bigint | undefined,
): Readonly<Record<string, SnapshotRef>> {
  if (json === undefined || json === null)
    return current === undefined ? {} : { main: { snapshotId: current, type: 'branch', rest: {} } };
  return Object.fromEntries(
    Object.entries(reader.object(json, 'refs')).map(([name, member]) => {
      const node = reader.object(member, `refs: ${name}`);
      const type = reader.text(node['type'], `refs: ${name}: type`);
      if (type !== 'branch' && type !== 'tag') throw reader.corrupt(`refs: ${name}: type`, 'expected branch or tag');
      const { rest } = split(node, ['snapshot-id', 'type']);
      return [name, { snapshotId: reader.long(node['snapshot-id'], `refs: ${name}: snapshot-id`), type, rest }];
    }),
  );
}

/** Reads members of one document and names it in every error. */
class Reader {
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  corrupt(where: string, problem: string): SluiceError {
    return new SluiceError('corrupt', `${this.#what}: ${where}: ${problem}`);
  }

  object(json: Json64 | undefined, where: string): JsonObject {
    if (json === null || typeof json !== 'object' || Array.isArray(json))
      throw this.corrupt(where, 'expected an object');
    return json as JsonObject;
  }

  objects(json: Json64 | undefined, where: string): readonly JsonObject[] {
    if (!Array.isArray(json)) throw this.corrupt(where, 'expected a list');
    return (json as readonly Json64[]).map((member) => this.object(member, where));
  }

  text(json: Json64 | undefined, where: string): string {
    if (typeof json !== 'string') throw this.corrupt(where, 'expected text');
    return json;
  }

  texts(json: Json64 | undefined, where: string): Readonly<Record<string, string>> {
    if (json === undefined || json === null) return {};
    return Object.fromEntries(
      Object.entries(this.object(json, where)).map(([key, value]) => [key, this.text(value, `${where}: ${key}`)]),
    );
  }

  integer(json: Json64 | undefined, where: string): number {
    if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw this.corrupt(where, 'expected an integer');
    return json;
  }

  long(json: Json64 | undefined, where: string): bigint {
    return asLong(json, `${this.#what}: ${where}`);
  }

  snapshot(node: JsonObject): Snapshot {
    const id = this.long(node['snapshot-id'], 'snapshots: snapshot-id');
    const where = `snapshot ${id}`;
    const { rest } = split(node, KNOWN_IN_SNAPSHOT);
    const parent = node['parent-snapshot-id'];
    const schemaId = node['schema-id'];
    return {
      snapshotId: id,
      ...(parent === undefined || parent === null ? {} : { parentId: this.long(parent, `${where}: parent`) }),
      // Snapshots of a table that was once version 1 have no number: it counts as 0.
      sequenceNumber: this.long(node['sequence-number'] ?? 0, `${where}: sequence-number`),
      timestampMs: this.integer(node['timestamp-ms'], `${where}: timestamp-ms`),
      manifestList: this.text(node['manifest-list'], `${where}: manifest-list`),
      summary: this.texts(node['summary'], `${where}: summary`),
      ...(schemaId === undefined || schemaId === null
        ? {}
        : { schemaId: this.integer(schemaId, `${where}: schema-id`) }),
      rest,
    };
  }
}

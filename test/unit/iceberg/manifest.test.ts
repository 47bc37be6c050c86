import { describe, expect, it } from 'vitest';
import { stringifyJson64 } from '../../../src/core/json64.ts';
import { systemRandom } from '../../../src/core/runtime.ts';
import { readAvroFile, avroType, encodeBlocks, writeAvroFile } from '../../../src/iceberg/avro-file.ts';
import { ADDED, DELETED, EXISTING, type ManifestEntry } from '../../../src/iceberg/manifest-entry.ts';
import { hasLiveFiles, mergeSummaries, summarise, type ManifestFile } from '../../../src/iceberg/manifest-file.ts';
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts';
import { readManifest } from '../../../src/iceberg/manifest-read.ts';
import { avroName, decimalBytes, manifestEntrySchema, partitionColumns } from '../../../src/iceberg/manifest-schema.ts';
import { manifestForm, writeManifest } from '../../../src/iceberg/manifest-write.ts';
import { specById } from '../../../src/iceberg/metadata.ts';
import { newTableMetadata } from '../../../src/iceberg/new-table.ts';
import { specJson } from '../../../src/record/partition-json.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';
import { EVENTS, NO_METRICS, dataFile } from '../../support/iceberg/samples.ts';
import { fromDataFile } from '../../../src/iceberg/manifest-entry.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Every partition type with values at its ends. */
const COLUMNS: readonly (readonly [string, PrimitiveType, PrimitiveValue, PrimitiveValue])[] = [
  ['flag', { kind: 'boolean' }, false, true],
  ['i', { kind: 'int' }, -2_147_483_648, 2_147_483_647],
  ['l', { kind: 'long' }, -(2n ** 63n), 2n ** 63n - 1n],
  ['f', { kind: 'float' }, -1.5, 2.5],
  ['d', { kind: 'double' }, -0, Number.MAX_VALUE],
  ['dec', { kind: 'decimal', precision: 38, scale: 4 }, 1n - 10n ** 38n, 10n ** 38n - 1n],
  ['dec9', { kind: 'decimal', precision: 9, scale: 2 }, -1420n, 1420n],
  ['date', { kind: 'date' }, -719_162, 2_932_896],
  ['t', { kind: 'time' }, 0n, 86_399_999_999n],
  ['ts', { kind: 'timestamp' }, -1n, 9_007_199_254_740_993n],
  ['tz', { kind: 'timestamptz' }, -1n, 9_007_199_254_740_993n],
  ['s', { kind: 'string' }, '', '😀'],
  ['u', { kind: 'uuid' }, bytes('00000000000000000000000000000001'), bytes('f79c3e09677c4bbda4793f349cb785e7')],
  ['fx', { kind: 'fixed', length: 3 }, bytes('000000'), bytes('ffffff')],
  ['b', { kind: 'binary' }, bytes(''), bytes('ff00')],
];

const partition = COLUMNS.map(([name], at) => ({
  sourceId: at + 1,
  fieldId: 1000 + at,
  name,
  transform: { kind: 'identity' as const },
}));
const definition = {
  name: { namespace: ['n'], name: 't' },
  fields: COLUMNS.map(([name, type], at) => ({ id: at + 1, name, type, required: false })),
  partition: [],
  properties: new Map<string, string>(),
};
// As another writer may have made it: we would not partition by a fixed.
const METADATA = {
  ...newTableMetadata(definition, 's3://b/t', 'acd521f2-320c-4f3b-bd14-3ed0bf76d258', 1),
  partitionSpecs: [specJson({ specId: 0, fields: partition })],
};
const FORM = manifestForm(METADATA, specById(METADATA, 0));

const line = (more: Partial<ManifestFile> = {}): ManifestFile => ({
  path: 's3://b/t/m.avro',
  length: 1n,
  specId: 0,
  content: 0,
  sequenceNumber: 5n,
  minSequenceNumber: 5n,
  addedSnapshotId: 9_007_199_254_740_993n,
  addedFiles: 1,
  existingFiles: 0,
  deletedFiles: 0,
  addedRows: 1n,
  existingRows: 0n,
  deletedRows: 0n,
  ...more,
});

const entry = (more: Partial<ManifestEntry> = {}): ManifestEntry => ({
  status: ADDED,
  snapshotId: 9_007_199_254_740_993n,
  sequenceNumber: null,
  fileSequenceNumber: null,
  file: fromDataFile(
    dataFile(
      's3://b/f',
      COLUMNS.map(() => null),
    ),
  ),
  ...more,
});

describe('a manifest', () => {
  it('has exactly this avro.schema (checklist 7.2–7.9)', () => {
    const columns = partitionColumns(
      { specId: 0, fields: [{ fieldId: 1000, sourceId: 2, name: 'at day', transform: { kind: 'day' } }] },
      [{ kind: 'timestamptz' }],
    );
    expect(stringifyJson64(manifestEntrySchema(columns))).toBe(
      '{"type":"record","name":"manifest_entry","fields":[{"name":"status","type":"int","field-id":0},{"name":"snapshot_id","type":["null","long"],"default":null,"field-id":1},{"name":"sequence_number","type":["null","long"],"default":null,"field-id":3},{"name":"file_sequence_number","type":["null","long"],"default":null,"field-id":4},{"name":"data_file","type":{"type":"record","name":"r2","fields":[{"name":"content","type":"int","field-id":134},{"name":"file_path","type":"string","field-id":100},{"name":"file_format","type":"string","field-id":101},{"name":"partition","type":{"type":"record","name":"r102","fields":[{"name":"at_x20day","type":["null",{"type":"int","logicalType":"date"}],"default":null,"field-id":1000}]},"field-id":102},{"name":"record_count","type":"long","field-id":103},{"name":"file_size_in_bytes","type":"long","field-id":104},{"name":"column_sizes","type":["null",{"type":"array","items":{"type":"record","name":"k117_v118","fields":[{"name":"key","type":"int","field-id":117},{"name":"value","type":"long","field-id":118}]},"logicalType":"map"}],"default":null,"field-id":108},{"name":"value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k119_v120","fields":[{"name":"key","type":"int","field-id":119},{"name":"value","type":"long","field-id":120}]},"logicalType":"map"}],"default":null,"field-id":109},{"name":"null_value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k121_v122","fields":[{"name":"key","type":"int","field-id":121},{"name":"value","type":"long","field-id":122}]},"logicalType":"map"}],"default":null,"field-id":110},{"name":"nan_value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k138_v139","fields":[{"name":"key","type":"int","field-id":138},{"name":"value","type":"long","field-id":139}]},"logicalType":"map"}],"default":null,"field-id":137},{"name":"lower_bounds","type":["null",{"type":"array","items":{"type":"record","name":"k126_v127","fields":[{"name":"key","type":"int","field-id":126},{"name":"value","type":"bytes","field-id":127}]},"logicalType":"map"}],"default":null,"field-id":125},{"name":"upper_bounds","type":["null",{"type":"array","items":{"type":"record","name":"k129_v130","fields":[{"name":"key","type":"int","field-id":129},{"name":"value","type":"bytes","field-id":130}]},"logicalType":"map"}],"default":null,"field-id":128},{"name":"key_metadata","type":["null","bytes"],"default":null,"field-id":131},{"name":"split_offsets","type":["null",{"type":"array","items":"long","element-id":133}],"default":null,"field-id":132},{"name":"equality_ids","type":["null",{"type":"array","items":"int","element-id":136}],"default":null,"field-id":135},{"name":"sort_order_id","type":["null","int"],"default":null,"field-id":140},{"name":"referenced_data_file","type":["null","string"],"default":null,"field-id":143}]},"field-id":2}]}',
    );
  });

  it('has that schema and the headers of the specification in its bytes (checklist 7.1, 7.13)', () => {
    const { header } = readAvroFile(writeManifest(FORM, [entry()], systemRandom).bytes, 'test');
    expect(header.schema).toBe(FORM.avroSchema);
    expect(header.codec).toBe('deflate');
    expect([...header.metadata.keys()]).toEqual([
      'schema',
      'schema-id',
      'partition-spec',
      'partition-spec-id',
      'format-version',
      'content',
    ]);
    expect(JSON.parse(header.metadata.get('partition-spec') ?? '')).toHaveLength(COLUMNS.length);
    expect(header.metadata.get('format-version')).toBe('2');
  });

  it('carries every partition type, NULL too, and every metric', () => {
    const tuples = [COLUMNS.map((column) => column[2]), COLUMNS.map((column) => column[3]), COLUMNS.map(() => null)];
    const entries = tuples.map((tuple, at) =>
      entry({
        file: {
          ...fromDataFile({ ...dataFile(`s3://b/${at}`, tuple), sortOrderId: 1 }),
          keyMetadata: bytes('01'),
          equalityIds: [4, 5],
          referencedDataFile: 's3://b/x',
        },
      }),
    );
    const written = writeManifest(FORM, entries, systemRandom);
    const read = [...readManifest(written.bytes, line(), FORM.columns)];
    // avsc hands out Buffers; what counts is the bytes.
    expect(
      JSON.parse(
        JSON.stringify(
          read.map((e) => e.file),
          plain,
        ),
      ),
    ).toEqual(
      JSON.parse(
        JSON.stringify(
          entries.map((e) => e.file),
          plain,
        ),
      ),
    );
    expect(Object.is(read[0]?.file.partition[4], -0)).toBe(true);
    expect(written).toMatchObject({ addedFiles: 3, addedRows: 30n, existingFiles: 0, deletedFiles: 0 });
    expect(written.minSequenceNumber).toBeUndefined();
  });

  it('leaves empty maps out', () => {
    const file = {
      ...fromDataFile(
        dataFile(
          's3://b/f',
          COLUMNS.map(() => null),
        ),
      ),
      metrics: NO_METRICS,
    };
    const read = [...readManifest(writeManifest(FORM, [entry({ file })], systemRandom).bytes, line(), FORM.columns)];
    expect(read[0]?.file.metrics.valueCounts.size).toBe(0);
  });

  it('lets added files inherit what the list knows, and others keep their own (checklist 7.9)', () => {
    const entries = [
      entry(),
      entry({ status: ADDED, sequenceNumber: 3n }),
      entry({ status: EXISTING, snapshotId: 4n, sequenceNumber: 2n, fileSequenceNumber: 1n }),
      entry({ status: DELETED, snapshotId: 7n, sequenceNumber: 1n, fileSequenceNumber: 1n }),
    ];
    const written = writeManifest(FORM, entries, systemRandom);
    const read = [...readManifest(written.bytes, line(), FORM.columns)];
    expect(read.map((e) => [e.status, e.snapshotId, e.sequenceNumber, e.fileSequenceNumber])).toEqual([
      [ADDED, 9_007_199_254_740_993n, 5n, 5n],
      [ADDED, 9_007_199_254_740_993n, 3n, 5n],
      [EXISTING, 4n, 2n, 1n],
      [DELETED, 7n, 1n, 1n],
    ]);
    // Deleted entries do not hold the minimum down (checklist 8.4).
    expect(written.minSequenceNumber).toBe(2n);
    expect(written).toMatchObject({ addedFiles: 2, existingFiles: 1, deletedFiles: 1, deletedRows: 10n });
  });

  it('takes an entry without snapshot id from the list', () => {
    const written = writeManifest(FORM, [entry({ snapshotId: null })], systemRandom);
    expect([...readManifest(written.bytes, line({ addedSnapshotId: 77n }), FORM.columns)][0]?.snapshotId).toBe(77n);
  });
});

it('names columns as Java does where Avro does not take the name (checklist 5.6)', () => {
  expect(['at_day', 'at day', '1st', 'käse', 'ä', 'a-b', '😀'].map(avroName)).toEqual([
    'at_day',
    'at_x20day',
    '_1st',
    'k_xE4se',
    '_xE4',
    'a_x2Db',
    '_xD83D_xDE00',
  ]);
});

it('stores decimals in as few bytes as their digits need (checklist 5.3, 7.8)', () => {
  expect([1, 2, 3, 9, 10, 18, 19, 38].map(decimalBytes)).toEqual([1, 1, 2, 4, 5, 8, 9, 16]);
});

describe('summaries of partitions (checklist 8.3)', () => {
  const types: readonly PrimitiveType[] = [{ kind: 'int' }, { kind: 'double' }, { kind: 'string' }];
  it('hold nulls, NaN and exact bounds', () => {
    expect(
      summarise(types, [
        [3, Number.NaN, 'b'],
        [-1, 0, 'a'],
        [null, -0, 'c'],
      ]),
    ).toEqual([
      { containsNull: true, containsNan: false, lowerBound: bytes('ffffffff'), upperBound: bytes('03000000') },
      {
        containsNull: false,
        containsNan: true,
        lowerBound: bytes('0000000000000080'),
        upperBound: bytes('0000000000000000'),
      },
      { containsNull: false, containsNan: false, lowerBound: bytes('61'), upperBound: bytes('63') },
    ]);
    expect(summarise([{ kind: 'int' }], [[null]])).toEqual([{ containsNull: true, containsNan: false }]);
  });
  it('of several manifests equal that of all tuples together', () => {
    const groups = [
      [[3, 1.5, 'b']],
      [
        [null, Number.NaN, 'zz'],
        [7, -3, 'a'],
      ],
      [[null, null, null]],
    ];
    expect(
      mergeSummaries(
        types,
        groups.map((group) => summarise(types, group)),
      ),
    ).toEqual(summarise(types, groups.flat()));
    expect(mergeSummaries(types, [summarise(types, []), undefined])).toBeUndefined();
  });
  it('are left out where Java and other readers order uuids differently (conformance 8.1)', () => {
    const uuid: readonly PrimitiveType[] = [{ kind: 'int' }, { kind: 'uuid' }];
    const low = [1, bytes('00000000000040008000000000000000')];
    const high = [2, bytes('f79c3e09677c4bbda4793f349cb785e7')];
    const half = [3, bytes('00000000000040000000000000000000')];
    expect(summarise(uuid, [low, [null, null]])).toHaveLength(2);
    for (const other of [high, half]) {
      expect(summarise(uuid, [low, other])).toBeUndefined();
      expect(mergeSummaries(uuid, [summarise(uuid, [low]), summarise(uuid, [other])])).toBeUndefined();
    }
    expect(mergeSummaries(uuid, [summarise(uuid, [low]), summarise(uuid, [low])])).toEqual(summarise(uuid, [low]));
  });
});

describe('a manifest list', () => {
  const HEADER = { snapshotId: 9_007_199_254_740_993n, parentId: undefined, sequenceNumber: 5n };
  it('goes both ways, with its header (checklist 8.1, 8.2)', () => {
    const lines = [
      line({
        partitions: [
          { containsNull: true, containsNan: false, lowerBound: bytes('01'), upperBound: bytes('02') },
          { containsNull: false },
        ],
      }),
      line({ path: 's3://b/d.avro', content: 1, keyMetadata: bytes('05'), length: 2n ** 40n }),
    ];
    const file = writeManifestList(HEADER, lines, systemRandom);
    expect(JSON.stringify(readManifestList(file, 'test'), plain)).toBe(JSON.stringify(lines, plain));
    expect([...readAvroFile(file, 'test').header.metadata]).toEqual([
      ['snapshot-id', '9007199254740993'],
      ['parent-snapshot-id', 'null'],
      ['sequence-number', '5'],
      ['format-version', '2'],
    ]);
  });
  it('has exactly this avro.schema (checklist 8.2, 8.3)', () => {
    expect(readAvroFile(writeManifestList(HEADER, [], systemRandom), 'test').header.schema).toBe(
      '{"type":"record","name":"manifest_file","fields":[{"name":"manifest_path","type":"string","field-id":500},{"name":"manifest_length","type":"long","field-id":501},{"name":"partition_spec_id","type":"int","field-id":502},{"name":"content","type":"int","field-id":517},{"name":"sequence_number","type":"long","field-id":515},{"name":"min_sequence_number","type":"long","field-id":516},{"name":"added_snapshot_id","type":"long","field-id":503},{"name":"added_files_count","type":"int","field-id":504},{"name":"existing_files_count","type":"int","field-id":505},{"name":"deleted_files_count","type":"int","field-id":506},{"name":"added_rows_count","type":"long","field-id":512},{"name":"existing_rows_count","type":"long","field-id":513},{"name":"deleted_rows_count","type":"long","field-id":514},{"name":"partitions","type":["null",{"type":"array","items":{"type":"record","name":"r508","fields":[{"name":"contains_null","type":"boolean","field-id":509},{"name":"contains_nan","type":["null","boolean"],"default":null,"field-id":518},{"name":"lower_bound","type":["null","bytes"],"default":null,"field-id":510},{"name":"upper_bound","type":["null","bytes"],"default":null,"field-id":511}]},"element-id":508}],"default":null,"field-id":507},{"name":"key_metadata","type":["null","bytes"],"default":null,"field-id":519}]}',
    );
  });
  it('without counts is refused: nobody could tell which manifests still hold files', () => {
    const schema =
      '{"type":"record","name":"manifest_file","fields":[{"name":"manifest_path","type":"string","field-id":500}]}';
    const file = writeAvroFile(
      schema,
      new Map(),
      encodeBlocks(avroType(schema), [{ manifest_path: 'x' }]),
      systemRandom,
    );
    expect(() => readManifestList(file, 'test')).toThrow(expect.objectContaining({ kind: 'corrupt' }) as Error);
  });
});

it('knows a manifest without live files (checklist 8.7)', () => {
  expect(hasLiveFiles(line())).toBe(true);
  expect(hasLiveFiles(line({ addedFiles: 0, existingFiles: 2 }))).toBe(true);
  expect(hasLiveFiles(line({ addedFiles: 0, deletedFiles: 3 }))).toBe(false);
});

it('writes manifests of a spec without fields', () => {
  const metadata = newTableMetadata(
    { ...EVENTS, partition: [] },
    's3://b/t',
    'acd521f2-320c-4f3b-bd14-3ed0bf76d258',
    1,
  );
  const form = manifestForm(metadata, specById(metadata, 0));
  const written = writeManifest(form, [entry({ file: fromDataFile(dataFile('s3://b/f', [])) })], systemRandom);
  expect(written.partitions).toEqual([]);
  expect([...readManifest(written.bytes, line(), form.columns)][0]?.file.partition).toEqual([]);
});

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Map) return [...value];
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  // Buffer prints itself before the replacer sees it.
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer')
    return Buffer.from((value as unknown as { data: number[] }).data).toString('hex');
  return value;
}

/** The linter must find every planted fault under its rule, and nothing in tables that are right. */
import { beforeEach, describe, expect, it } from 'vitest';
import { makeRealTable, parquetBytes } from '../../../support/iceberg/real-table.ts';
import { golden } from '../../../support/iceberg/golden.ts';
import { lintTable } from '../../../support/iceberg-linter/index.ts';
import { Tamper, type AvroParts, type Loose } from './tamper.ts';

let table: Tamper;
beforeEach(async () => {
  table = new Tamper(await makeRealTable());
});

const rules = async (content = false): Promise<readonly string[]> =>
  [...new Set((await table.lint(content)).map((finding) => finding.rule))].sort();

it('finds nothing in a table of ours, down to the values', async () => {
  expect(await table.lint(true)).toEqual([]);
});

describe('in tables of others finds only what they are known to do', () => {
  it('PyIceberg: no schema-id in headers, required partition members, uuid bounds and statistics (conformance 8.1, 8.5)', async () => {
    const { metadataLocation, locations } = await golden('pyiceberg-0.12.0');
    const findings = await lintTable(metadataLocation, locations);
    expect([...new Set(findings.map((finding) => finding.rule))].sort()).toEqual(['6.9', '7.1', '7.6']);
  });
  it('Java: no schema-id in headers', async () => {
    const { metadataLocation, locations } = await golden('iceberg-java-1.12.0');
    const findings = await lintTable(metadataLocation, locations);
    expect(findings.filter((finding) => !finding.problem.includes('schema-id'))).toEqual([]);
  });
});

describe('in metadata finds', () => {
  it.each<readonly [string, string, (document: Loose) => void]>([
    ['a missing member', '1.1', (d) => delete d['table-uuid']],
    ['a version 1 member', '1.1', (d) => (d['schema'] = {})],
    ['a trailing slash', '1.4', (d) => (d.location += '/')],
    ['a current snapshot that is not main', '1.6', (d) => (d['refs']['main']['snapshot-id'] = 5n)],
    ['a sequence number above the last', '1.7', (d) => (d['last-sequence-number'] = 1)],
    ['a log that goes back', '1.8', (d) => (d['snapshot-log'][1]['timestamp-ms'] -= 3_600_000)],
    ['a log without the current snapshot', '1.9', (d) => d['snapshot-log'].pop()],
    ['a log that is too long', '1.9', (d) => (d['properties']['write.metadata.previous-versions-max'] = '1')],
    ['no operation', '1.11', (d) => delete d['snapshots'][0].summary['operation']],
    ['a snapshot without schema', '1.12', (d) => delete d['snapshots'][0]['schema-id']],
    ['field id 0', '1.13', (d) => (d['schemas'][0].fields[0].id = 0)],
    ['a last column id that is too low', '1.14', (d) => (d['last-column-id'] = 7)],
    ['a partition field id that is too high', '3.2', (d) => (d['last-partition-id'] = 1000)],
    ['a sequence number not above its parent', '9.2', (d) => (d['snapshots'][1]['sequence-number'] = 1)],
    ['a total that does not add up', '9.4', (d) => (d['snapshots'][1].summary['total-records'] = '9')],
  ])('%s (%s)', async (_name, rule, plant) => {
    await table.metadata(plant);
    expect(await rules()).toContain(rule);
  });
});

describe('in manifest lists finds', () => {
  it.each<readonly [string, string, (parts: AvroParts) => void]>([
    ['another record name', '7.2', ({ schema }) => (schema.name = 'manifest_list')],
    ['a lost field id', '7.3', ({ schema }) => delete schema.fields[0]['field-id']],
    ['a wrapped primitive', '7.4', ({ schema }) => (schema.fields[1].type = { type: 'long' })],
    ['a required field as a union', '7.4', ({ schema }) => (schema.fields[2].type = ['null', 'int'])],
    ['a header of another snapshot', '8.1', ({ header }) => header.set('snapshot-id', '1')],
    ['a wrong length', '8.4', ({ records }) => (records[0].manifest_length += 1n)],
    ['a minimum above the number', '8.4', ({ records }) => (records[0].min_sequence_number += 9n)],
    ['a wrong count of files', '8.5', ({ records }) => (records[0].added_files_count += 1)],
    ['a wrong count of rows', '8.5', ({ records }) => (records[0].added_rows_count += 1n)],
    ['a summary without its null', '8.3', ({ records }) => (records[0].partitions[0].lower_bound = null)],
    ['a bound that does not bound', '8.3', ({ records }) => (records[0].partitions[1].upper_bound = Buffer.from([1]))],
    ['too few summaries', '8.3', ({ records }) => records[0].partitions.pop()],
    ['a manifest named twice', '7.11', ({ records }) => records.push(records[0])],
    ['a spec that is not there', '3.13', ({ records }) => (records[0].partition_spec_id = 7)],
  ])('%s (%s)', async (_name, rule, plant) => {
    await table.list(plant);
    expect(await rules()).toContain(rule);
  });
  it('a missing manifest (8.2)', async () => {
    await table.remove(await table.manifestUri());
    expect(await rules()).toContain('8.2');
  });
});

describe('in manifests finds', () => {
  const member = (schema: AvroParts['schema'], name: string) =>
    schema.fields
      .find((field: { name: string }) => field.name === 'data_file')
      .type.fields.find((field: { name: string }) => field.name === name);
  it.each<readonly [string, string, (parts: AvroParts) => void]>([
    ['another record name', '7.2', ({ schema }) => (schema.name = 'entry')],
    ['another name of the inner record', '7.2', ({ schema }) => (schema.fields[4].type.name = 'data_file')],
    ['a lost field id', '7.3', ({ schema }) => delete schema.fields[0]['field-id']],
    [
      'a lost id inside a map',
      '7.3',
      ({ schema }) => delete member(schema, 'value_counts').type[1].items.fields[0]['field-id'],
    ],
    ['a map that is none', '7.3', ({ schema }) => delete member(schema, 'lower_bounds').type[1].logicalType],
    ['a list without element id', '7.3', ({ schema }) => delete member(schema, 'split_offsets').type[1]['element-id']],
    ['a day that is a bare int', '3.9', ({ schema }) => (member(schema, 'partition').type.fields[0].type[1] = 'int')],
    ['a lost partition id', '7.3', ({ schema }) => (member(schema, 'partition').type.fields[1]['field-id'] = 1)],
    [
      'a decimal as bytes',
      '7.8',
      ({ schema }) =>
        (member(schema, 'partition').type.fields[1].type[1] = {
          type: 'bytes',
          logicalType: 'decimal',
          precision: 9,
          scale: 2,
        }),
    ],
    ['a column left out', '7.12', ({ schema }) => schema.fields.splice(1, 1)],
    ['no schema in the header', '7.1', ({ header }) => header.delete('schema')],
    ['no schema id in the header', '7.1', ({ header }) => header.delete('schema-id')],
    ['the whole spec in the header', '7.1', ({ header }) => header.set('partition-spec', '{"spec-id":0,"fields":[]}')],
    ['other content', '7.1', ({ header }) => header.set('content', 'deletes')],
    ['an added file of another snapshot', '7.9', ({ records }) => (records[0].snapshot_id = 3n)],
    ['an existing file without numbers', '7.9', ({ records }) => (records[0].status = 0)],
    ['a file sequence number on an added file', '7.10', ({ records }) => (records[0].file_sequence_number = 2n)],
  ])('%s (%s)', async (_name, rule, plant) => {
    await table.manifest(plant);
    expect(await rules()).toContain(rule);
  });
});

describe('against the files finds', () => {
  const plantBound = (member: string, id: number, bytes: readonly number[]) => (parts: AvroParts) => {
    const pairs = parts.records[0].data_file[member];
    const pair = pairs.find((candidate: { key: number }) => candidate.key === id);
    if (pair === undefined) pairs.push({ key: id, value: Buffer.from(bytes) });
    else pair.value = Buffer.from(bytes);
  };
  const file = (edit: (file: AvroParts['records'][number]) => void) => (parts: AvroParts) =>
    edit(parts.records[0].data_file);
  it.each<readonly [string, string, (parts: AvroParts) => void]>([
    ['a wrong file size', '5.0', file((f) => (f.file_size_in_bytes += 1n))],
    ['a wrong row count', '5.0', file((f) => (f.record_count += 1n))],
    ['a wrong column size', '6.1', file((f) => (f.column_sizes[0].value += 1n))],
    ['a wrong value count', '6.1', file((f) => (f.value_counts[0].value += 1n))],
    ['a wrong null count', '6.1', file((f) => (f.null_value_counts[4].value = 0n))],
    ['a wrong NaN count', '6.1', file((f) => (f.nan_value_counts[0].value = 0n))],
    ['a bound of the wrong length', '6.2', plantBound('lower_bounds', 1, [0])],
    ['a text bound cut inside a character', '6.2', plantBound('lower_bounds', 6, [0x6b, 0xc3])],
    ['a lower bound above a value', '6.3', plantBound('lower_bounds', 1, [1, 0, 0, 0, 0, 0, 0, 0])],
    ['an upper bound cut down', '6.3', plantBound('upper_bounds', 6, [...Buffer.from('käse mit einem l')])],
    ['a decimal bound the wrong way round', '6.3', plantBound('upper_bounds', 3, [0x8c, 0x05, 0, 0])],
    ['a lower zero that is positive', '6.3', plantBound('lower_bounds', 5, [0, 0, 0, 0, 0, 0, 0, 0])],
    ['a NaN bound', '6.3', plantBound('upper_bounds', 5, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f])],
    ['metrics under a list', '6.5', plantBound('lower_bounds', 8, [0x61])],
    ['a uuid bound', '6.9', plantBound('lower_bounds', 4, Array<number>(16).fill(0))],
    ['wrong split offsets', '7.6', file((f) => (f.split_offsets = [0n]))],
    ['a tuple that is not that of the rows', '3.11', file((f) => (f.partition.at_day = 1))],
    ['a null tuple over values', '3.11', file((f) => (f.partition.amount = null))],
  ])('%s (%s)', async (_name, rule, plant) => {
    await table.manifest(plant);
    expect(await rules(true)).toContain(rule);
  });
  it('a damaged file (5.0)', async () => {
    await table.dataFile((bytes) => bytes.subarray(0, bytes.length - 8));
    expect(await rules(true)).toContain('5.0');
  });
  it('a file without field ids (5.1)', async () => {
    const bytes = await parquetBytes('SELECT 1::BIGINT AS id', 'FORMAT parquet');
    await table.dataFile(() => bytes);
    expect(await rules(true)).toContain('5.1');
  });
  it('a file without the source of a partition (3.12)', async () => {
    const bytes = await parquetBytes('SELECT 1::BIGINT AS id', 'FORMAT parquet, FIELD_IDS {id: 1}');
    await table.dataFile(() => bytes);
    expect(await rules(true)).toContain('3.12');
  });
});

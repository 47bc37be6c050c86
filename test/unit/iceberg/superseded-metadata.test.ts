/** Which metadata files may go: never one that the table names, or could name again. */
import { expect, test } from 'vitest';
import type { TableMetadata } from '../../../src/iceberg/metadata.ts';
import { supersededBy } from '../../../src/iceberg/superseded-metadata.ts';

const UUID = '0193f7a0-0000-7000-8000-00000000000a';
const file = (number: number, suffix = '.metadata.json'): string =>
  `${String(number).padStart(5, '0')}-${UUID}${suffix}`;

const judge = (current: string, log: readonly string[], properties: Record<string, string> = {}) =>
  supersededBy(
    {
      properties,
      metadataLog: log.map((name) => ({ timestampMs: 0, metadataFile: `s3://b/t/metadata/${name}` })),
    } as unknown as TableMetadata,
    `s3://b/t/metadata/${current}`,
  );

test('files older than the log may go; those in it, and any that came after, stay', () => {
  const isSuperseded = judge(file(12), [file(10), file(11)]);
  expect([8, 9, 10, 11, 12, 13, 99].filter((number) => isSuperseded(file(number)))).toEqual([8, 9]);
  expect(isSuperseded(file(9, '.gz.metadata.json'))).toBe(true);
});

test('what is no numbered metadata file stays', () => {
  const isSuperseded = judge(file(12), []);
  for (const name of [
    'v1.metadata.json',
    'version-hint.text',
    '00001.metadata.json',
    `snap-1-${UUID}.avro`,
    `a/${file(1)}`,
  ])
    expect(isSuperseded(name), name).toBe(false);
});

test('nothing goes when the table names files of another kind, or wants to keep all', () => {
  expect(judge(file(12), ['v3.metadata.json', file(11)])(file(1))).toBe(false);
  expect(judge('v12.metadata.json', [file(11)])(file(1))).toBe(false);
  expect(judge(file(12), [file(11)], { 'write.metadata.delete-after-commit.enabled': 'false' })(file(1))).toBe(false);
});

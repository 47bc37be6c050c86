import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalUri, keyOf, parseRoot, uriOf } from '../../../src/store/uri.ts';

const misconfigured = expect.objectContaining({
  kind: 'misconfigured',
  remedy: expect.any(String) as string,
}) as unknown;

describe('store roots', () => {
  it.each([
    ['s3://bucket', { kind: 's3', uri: 's3://bucket', bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { kind: 's3', uri: 's3://bucket', bucket: 'bucket', prefix: '' }],
    ['s3a://bucket/a/b/', { kind: 's3', uri: 's3://bucket/a/b', bucket: 'bucket', prefix: 'a/b' }],
    ['S3N://bucket/a', { kind: 's3', uri: 's3://bucket/a', bucket: 'bucket', prefix: 'a' }],
    [
      's3p://my.bucket-1/ü b%20c',
      { kind: 's3', uri: 's3://my.bucket-1/ü b%20c', bucket: 'my.bucket-1', prefix: 'ü b%20c' },
    ],
    ['file:///var/lib/wh', { kind: 'local', uri: 'file:///var/lib/wh', path: '/var/lib/wh' }],
    ['file:/var/lib/wh/', { kind: 'local', uri: 'file:///var/lib/wh', path: '/var/lib/wh' }],
    ['FILE:///var//lib/wh%20x', { kind: 'local', uri: 'file:///var/lib/wh%20x', path: '/var/lib/wh%20x' }],
  ])('reads %s', (uri, root) => {
    expect(parseRoot(uri)).toEqual(root);
  });

  it.each([
    '',
    '/var/lib/wh',
    'wh',
    'gs://bucket/wh',
    'abfss://c@a/wh',
    'hdfs://host/wh',
    'https://bucket.s3.amazonaws.com/wh',
    's3:/bucket/wh',
    's3:bucket',
    's3://',
    's3:///wh',
    's3://Bucket/wh',
    's3://b/wh',
    's3://user@bucket/wh',
    's3://bucket:9000/wh',
    's3://bucket/a//b',
    's3://bucket/../b',
    's3://bucket/a?b',
    's3://bucket/a#b',
    's3://bucket/a\nb',
    's3://bucket/.sluice-tmp/x',
    'file://host/wh',
    'file:wh',
    'file:///',
    'file:///a/../b',
    'file:///a?b',
    'file://localhost/wh',
  ])('refuse %j and say what to write', (uri) => {
    expect(() => parseRoot(uri)).toThrow(misconfigured);
  });
});

describe('keys and URIs', () => {
  it.each([
    ['s3://bkt/wh', 's3://bkt/wh/ns/t/metadata/v1.json', 'ns/t/metadata/v1.json'],
    ['s3://bkt/wh', 's3a://bkt/wh/x', 'x'],
    ['s3a://bkt/wh/', 's3n://bkt/wh/x', 'x'],
    ['s3://bkt', 's3p://bkt/wh/x', 'wh/x'],
    ['s3://bkt/wh', 's3://bkt/wh/a b/100%/a%20b', 'a b/100%/a%20b'],
    ['s3://bkt/wh', 's3://bkt/wh/q?v#h', 'q?v#h'],
    ['file:///wh', 'file:/wh/ns/ü.parquet', 'ns/ü.parquet'],
    ['file:/wh', 'file:///wh/ns//x', 'ns/x'],
  ])('under %s, %s is the key %s', (root, uri, key) => {
    expect(keyOf(parseRoot(root), uri)).toBe(key);
  });

  it.each([
    ['s3://bkt/wh', 's3://bkt/wh2/x'],
    ['s3://bkt/wh', 's3://bkt/wh'],
    ['s3://bkt/wh', 's3://bkt/w'],
    ['s3://bkt/wh', 's3://bkt2/wh/x'],
    ['s3://bkt', 's3://bkt2/x'],
    ['s3://bkt/wh', 's3://bkt/WH/x'],
    ['s3://bkt/wh', 'file:///bkt/wh/x'],
    ['file:///wh', 'file:///wh2/x'],
    ['file:///wh', 'file:///wh/../etc/passwd'],
    ['file:///wh', 'http://wh/x'],
  ])('under %s, %s is refused: it lies outside', (root, uri) => {
    expect(() => keyOf(parseRoot(root), uri)).toThrow(misconfigured);
  });

  it.each(['s3://bkt/wh/', 's3://bkt/wh//x', 's3://bkt/wh/../x', 's3://bkt/wh/a/'])('%s is no object', (uri) => {
    expect(() => keyOf(parseRoot('s3://bkt/wh'), uri)).toThrow();
  });

  it('are inverse to each other, for every key', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter(
      // oxlint-disable-next-line no-control-regex -- keys have none
      (text) => !/[/\u0000-\u001f\u007f]/.test(text) && text !== '.' && text !== '..' && text !== '.sluice-tmp',
    );
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('s3://bkt', 's3://bkt/wh', 'file:///wh/x'),
        fc.constantFrom('s3', 's3a', 's3n', 's3p'),
        (segments, rootUri, scheme) => {
          const root = parseRoot(rootUri);
          const key = segments.join('/');
          const uri = uriOf(root, key);
          expect(keyOf(root, uri)).toBe(key);
          expect(keyOf(root, uri.replace(/^s3:/, `${scheme}:`))).toBe(key);
          expect(canonicalUri(uri)).toBe(uri);
        },
      ),
    );
  });
});

/** JSON that keeps every digit, and merge patches on it. */
import { expect, test } from 'vitest';
import { mergePatch, parseExact, printExact } from '../../../src/core/exact-json.ts';

const patched = (target: string, patch: string): string =>
  printExact(mergePatch(parseExact(target), parseExact(patch)));

test('numbers keep the digits they were written with, patched or not', () => {
  expect(patched('{"id":9007199254740993,"price":1.50}', '{"more":0.10000000000000000001}')).toBe(
    '{"id":9007199254740993,"price":1.50,"more":0.10000000000000000001}',
  );
});

// The test vectors of RFC 7396, appendix A.
test.each([
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
])('%s patched by %s', (target, patch, result) => {
  expect(patched(target, patch)).toBe(result);
});

test('a key such as __proto__ is a key like any other', () => {
  expect(patched('{"__proto__":1}', '{"a":2}')).toBe('{"__proto__":1,"a":2}');
});

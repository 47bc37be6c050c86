/** The bytes of a dead letter as they are tried again. */
import { expect, test } from 'vitest';
import { patched } from '../../../../src/checkpoint/dead-letters/patched.ts';

const text = (original: string, patch?: string) => {
  const record = patched(Buffer.from(original), patch);
  return record.kind === 'record' ? [Buffer.from(record.bytes).toString(), record.format] : record.misfit.code;
};

test('without a patch they are as they came; an object may run over several lines, a line of anything else may not become several', () => {
  expect(text('{"a":\n1}')).toEqual(['{"a":\n1}', 'json']);
  expect(text('[{"a":1},{"a":2}]')).toEqual(['[{"a":1},{"a":2}]', 'ndjson']);
});

test('a patch makes one line of it', () => {
  expect(text('{"a":\n1, "b":12345678901234567890}', '{"a":null}')).toEqual(['{"b":12345678901234567890}', 'ndjson']);
});

test('what is no JSON or no UTF-8 cannot be patched', () => {
  expect(text('nonsense', '{"a":1}')).toBe('invalid_json');
  const bytes = patched(Buffer.from([0x22, 0xff, 0x22]), '{"a":1}');
  expect(bytes).toMatchObject({ kind: 'misfit', misfit: { code: 'invalid_json' } });
});

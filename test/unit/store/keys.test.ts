import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareKeys, resolveRange } from '../../../src/store/keys.ts';

it('orders keys as their UTF-8 bytes', () => {
  const character = fc.constantFrom('a', '/', '-', 'é', '\uffee', '\ue000', '\ud7ff', '\u{1f986}', '\u{10ffff}');
  const key = fc.array(character, { maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

it('means by a range what slicing means, cut at the end', () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, index) => index);
  fc.assert(
    fc.property(fc.integer({ min: -15, max: 15 }), fc.option(fc.nat(15), { nil: undefined }), (start, end) => {
      if (start < 0 && end !== undefined) return;
      const found = resolveRange(end === undefined ? { start } : { start, end }, bytes.length);
      expect(bytes.slice(found.start, found.end)).toEqual(bytes.slice(start, Math.max(end ?? 10, 0)));
    }),
  );
});

it.each([{ start: -5, end: 2 }, { start: 0.5 }, { start: 0, end: -1 }])('refuses the range %j', (range) => {
  expect(() => resolveRange(range, 10)).toThrow(expect.objectContaining({ kind: 'internal' }));
});

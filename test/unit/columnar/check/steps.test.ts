/** Large bodies are checked in steps: the answer is the one of a single pass, and no step takes more than about a mebibyte. */
import { describe, expect, test } from 'vitest';
import { CAREFUL_STEP_BYTES, STEP_BYTES } from '../../../../src/columnar/check/body-lines.ts';
import { compileChecker } from '../../../../src/columnar/check/compile-checker.ts';

const STRICT = { ignoreUnknownFields: false };
const checker = compileChecker({
  schemaId: 0,
  fields: [
    { id: 1, name: 'id', type: { kind: 'long' }, required: true },
    { id: 2, name: 'price', type: { kind: 'decimal', precision: 12, scale: 2 }, required: false },
    { id: 3, name: 'text', type: { kind: 'string' }, required: false },
  ],
});

const filler = 'x'.repeat(1000);
const good = (id: number): string => `{"id":${id},"text":"${filler}"}`;
const bad = (id: number): string => `{"id":"${id}","text":"${filler}"}`;
const RECORDS = 3_500;

const records = (line: (id: number) => string): string[] => Array.from({ length: RECORDS }, (_, id) => line(id));
const isBad = new Set([0, 1200, 2400, RECORDS - 1]);
const someBad = records((id) => (isBad.has(id) ? bad(id) : good(id)));
const ndjson = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

function inSteps<T>(steps: Generator<void, T>): { readonly pauses: number; readonly answer: T } {
  for (let pauses = 0; ; pauses += 1) {
    const step = steps.next();
    if (step.done === true) return { pauses, answer: step.value };
  }
}

describe('a body of several mebibytes', () => {
  const lines = records(good);

  test('is checked with a pause after a first careful step and after every mebibyte, and kept as it is', () => {
    const body = ndjson(lines);
    const { pauses, answer } = inSteps(checker.checkInSteps(body, 'ndjson', STRICT));
    expect(pauses).toBe(1 + Math.floor((body.length - CAREFUL_STEP_BYTES) / STEP_BYTES));
    expect(answer).toMatchObject({ kind: 'accepted', count: RECORDS, canonical: true });
    expect(answer.kind === 'accepted' && Buffer.compare(answer.lines, body)).toBe(0);
  });

  test('as a JSON array pauses while it is split, too', () => {
    const body = Buffer.from(`[${lines.join(',\n')}]`);
    const { pauses, answer } = inSteps(checker.checkInSteps(body, 'json', STRICT));
    expect(pauses).toBeGreaterThanOrEqual(2 * Math.floor(body.length / STEP_BYTES));
    expect(answer).toMatchObject({ kind: 'accepted', count: RECORDS });
    const kept = answer.kind === 'accepted' ? Buffer.from(answer.lines).toString().split('\n') : [];
    expect(kept.map((line) => line.trim())).toEqual([...lines, '']);
  });

  test('is made canonical with pauses', () => {
    const priced = records((id) => `{"id":${id},"price":${id}.5,"text":"${filler}"}`);
    const { pauses, answer } = inSteps(checker.canonicalInSteps(ndjson(priced), STRICT));
    expect(pauses).toBeGreaterThanOrEqual(3);
    expect(answer.count).toBe(RECORDS);
    const { lines: atOnce } = checker.canonical(ndjson(priced), STRICT);
    expect(Buffer.compare(answer.lines, atOnce)).toBe(0);
    expect(Buffer.from(atOnce).includes('"price":1.5')).toBe(true);
  });

  test('loses its blank lines wherever they are', () => {
    const blanks = lines.flatMap((line, index) => (index % 700 === 0 ? ['', line, ' '] : [line]));
    const { answer } = inSteps(checker.checkInSteps(ndjson(blanks), 'ndjson', STRICT));
    expect(answer.kind === 'accepted' && Buffer.compare(answer.lines, ndjson(lines))).toBe(0);
  });

  test('names bad records by their number and line in the whole body', () => {
    const blanks = someBad.flatMap((line) => [line, '']);
    const { answer } = inSteps(checker.checkInSteps(ndjson(blanks), 'ndjson', STRICT));
    expect(answer).toMatchObject({ kind: 'refused', count: RECORDS, total: isBad.size });
    const places = answer.kind === 'refused' ? answer.refusals.map(({ record, line }) => [record, line]) : [];
    expect(places).toEqual([...isBad].map((id) => [id + 1, 2 * id + 1]));
  });

  test('in a JSON array names them the same way', () => {
    const body = Buffer.from(`[\n${someBad.join(',\n\n')}]`);
    const { answer } = inSteps(checker.checkInSteps(body, 'json', STRICT));
    const places = answer.kind === 'refused' ? answer.refusals.map(({ record, line }) => [record, line]) : [];
    expect(places).toEqual([...isBad].map((id) => [id + 1, 2 * id + 2]));
  });

  test('lists the first hundred refusals and counts all', () => {
    const { answer } = inSteps(checker.checkInSteps(ndjson(records(bad)), 'ndjson', STRICT));
    expect(answer).toMatchObject({ kind: 'refused', count: RECORDS, total: RECORDS });
    const numbers = answer.kind === 'refused' ? answer.refusals.map(({ record }) => record) : [];
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });
});

describe('a body that is divided', () => {
  const divided = (body: Buffer, format: 'ndjson' | 'json') => {
    const refused: { readonly place: readonly number[]; readonly original: string }[] = [];
    const steps = checker.divideInSteps(body, format, STRICT, ({ record, line }, original) =>
      refused.push({ place: [record, line], original: Buffer.from(original).toString() }),
    );
    return { ...inSteps(steps), refused };
  };

  test('hands out every refused record, not only the first hundred, and keeps the rest', () => {
    const lines = records((id) => (id % 2 === 0 ? good(id) : bad(id)));
    const { answer, refused } = divided(ndjson(lines), 'ndjson');
    expect(answer).toMatchObject({ kind: 'divided', count: RECORDS / 2, refused: RECORDS / 2 });
    expect(refused.map(({ original }) => original)).toEqual(lines.filter((_, id) => id % 2 === 1));
    const kept = answer.kind === 'divided' ? Buffer.from(answer.lines) : Buffer.alloc(0);
    expect(Buffer.compare(kept, ndjson(lines.filter((_, id) => id % 2 === 0)))).toBe(0);
  });

  test('pauses between explanations, too: a mebibyte may hold half a million refused lines', () => {
    const { pauses, refused } = divided(Buffer.from('1\n'.repeat(10_000)), 'ndjson');
    expect(refused).toHaveLength(10_000);
    expect(pauses).toBeGreaterThan(30);
  });

  test('keeps bytes as they came: behind a byte-order mark, with line ends inside an element', () => {
    const body = Buffer.from('\uFEFF[ {"id":1} ,\n {"id":\n"two"} ]');
    const { answer, refused } = divided(body, 'json');
    expect(answer).toMatchObject({ kind: 'divided', count: 1, refused: 1 });
    expect(refused).toEqual([{ place: [2, 2], original: '{"id":\n"two"}' }]);
  });

  test('may have nothing left', () => {
    expect(divided(Buffer.from('x\ny'), 'ndjson').answer).toMatchObject({ kind: 'divided', count: 0, refused: 2 });
  });

  test('is refused whole when it is no JSON array: no records can be told apart', () => {
    const { answer, refused } = divided(Buffer.from('[{"id":1},{"id":"2"}'), 'json');
    expect(answer).toMatchObject({ kind: 'refused', refusals: [{ code: 'invalid_json' }] });
    expect(refused).toEqual([]);
  });
});

test('a small body takes a single step', () => {
  expect(inSteps(checker.checkInSteps(ndjson([good(1)]), 'ndjson', STRICT)).pauses).toBe(0);
});

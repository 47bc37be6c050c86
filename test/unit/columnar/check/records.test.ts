/** What docs/types.md says of bodies and records, and how refusals are named, counted and listed. */
import { describe, expect, it } from 'vitest';
import { defaultCheckLimits, MAX_SLOW_VALUES } from '../../../../src/columnar/check/limits.ts';
import { compileChecker } from '../../../../src/columnar/check/compile-checker.ts';
import type { BodyFormat, CheckOutcome } from '../../../../src/contracts/record-checker.ts';
import type { Field, Schema, Type } from '../../../../src/record/types.ts';

const field = (id: number, name: string, type: Type, required = false): Field => ({ id, name, type, required });

const schema: Schema = {
  schemaId: 0,
  fields: [
    field(1, 'id', { kind: 'long' }, true),
    field(2, 'note', { kind: 'string' }),
    field(3, 'at', { kind: 'struct', fields: [field(4, 'x/y', { kind: 'int' }), field(5, 't~', { kind: 'int' })] }),
    field(6, 'amount', { kind: 'decimal', precision: 38, scale: 10 }),
  ],
};
const checker = compileChecker(schema);

function check(body: string | Uint8Array, format: BodyFormat = 'ndjson', ignoreUnknownFields = false): CheckOutcome {
  return checker.check(typeof body === 'string' ? Buffer.from(body) : body, format, { ignoreUnknownFields });
}

function accepted(outcome: CheckOutcome): { readonly lines: string; readonly count: number } {
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refusals));
  return { lines: Buffer.from(outcome.lines).toString(), count: outcome.count };
}

const codes = (outcome: CheckOutcome): readonly string[] =>
  outcome.kind === 'refused' ? outcome.refusals.map((refusal) => refusal.code) : [];

describe('NDJSON bodies', () => {
  it('pass through without copying when they are clean', () => {
    const body = Buffer.from('{"id":1}\n{"id":2}\n');
    const outcome = check(body);
    expect(outcome).toMatchObject({ kind: 'accepted', count: 2, canonical: true });
    expect(outcome.kind === 'accepted' && outcome.lines).toBe(body);
  });

  it('may end in \\r\\n, without a last line end, and hold blank lines', () => {
    const { lines, count } = accepted(check('\r\n{"id":1}\r\n \t\n\n{"id":2}'));
    expect(count).toBe(2);
    expect(lines).toBe('{"id":1}\r\n{"id":2}\n');
  });

  it.each(['', '\n', ' \r\n\n'])('are empty with no records: %j', (body) => {
    expect(accepted(check(body))).toEqual({ lines: '', count: 0 });
  });

  it('may start with a byte-order mark, which is no part of the first line', () => {
    expect(accepted(check('\ufeff{"id":1}\n')).lines).toBe('{"id":1}\n');
    expect(codes(check('{"id":1}\n\ufeff{"id":2}\n'))).toEqual(['invalid_json']);
  });

  it('have one record a line: two are refused, and so is one over two lines', () => {
    expect(codes(check('{"id":1}{"id":2}\n'))).toEqual(['invalid_json']);
    expect(codes(check('{"id":1},\n'))).toEqual(['invalid_json']);
    expect(codes(check('{"id":\n1}\n'))).toEqual(['invalid_json', 'invalid_json']);
  });

  it.each(['null', '1', '"a"', '[]', '[{"id":1}]'])('refuse a line that is no object: %s', (line) => {
    expect(codes(check(line))).toEqual(['not_an_object']);
  });
});

describe('JSON bodies', () => {
  it('are one object, pretty-printed or not', () => {
    expect(accepted(check('\n{\n "id": 1\n}\r\n', 'json'))).toEqual({ lines: ' {  "id": 1 }\r \n', count: 1 });
  });

  it('are an array of objects; strings may hold brackets, commas and quotes', () => {
    const { lines, count } = accepted(check('[{"id":1,"note":"],[\\"},{"},\n\n {"id":2} ]\n', 'json'));
    expect(count).toBe(2);
    expect(lines.split('\n').map((line) => line.trim())).toEqual(['{"id":1,"note":"],[\\"},{"}', '{"id":2}', '']);
  });

  it.each(['', ' \n', '[]', ' [ \n ] '])('are empty with no records: %j', (body) => {
    expect(accepted(check(body, 'json'))).toEqual({ lines: '', count: 0 });
  });

  it.each([
    '[{"id":1},]',
    '[,{"id":1}]',
    '[{"id":1}',
    '[',
    '[{"id":1}]]',
    '[{"id":1}] x',
    '[{"id":1}{"id":2}]',
    '[{"id":1]}',
    '{"id":1}{"id":2}',
    '{"id":1}]',
    '{"id":1},{"id":2}',
    '[{"id":1,"note":"a\nb"}]',
    '[{"id":1,"note":"a\\\nb"}]',
    '[{"id":1,"note":"]',
    '[{"id":1,"note":"\\',
  ])('are refused when they are not JSON: %j', (body) => {
    expect(new Set(codes(check(body, 'json')))).toEqual(new Set(['invalid_json']));
  });

  it('keep a string with a line end in one record', () => {
    const body = '[{"id":1,"note":"a\nb\\\nc"},\n{}]';
    expect(check(body, 'json')).toMatchObject({ count: 2, total: 2, refusals: [{ line: 1 }, { record: 2, line: 4 }] });
  });

  it('name the line of the body on which the record starts', () => {
    const outcome = check('[\n{"id":1},\n\n{"id":\n"x"},\n1]', 'json');
    expect(outcome).toMatchObject({
      count: 3,
      total: 2,
      refusals: [
        { record: 2, line: 4, pointer: '/id', code: 'type_mismatch' },
        { record: 3, line: 6, pointer: '', code: 'not_an_object' },
      ],
    });
  });
});

describe('JSON is strict', () => {
  it.each([
    '{"id":1,}',
    '{"id":1 "note":""}',
    '{id:1}',
    "{'id':1}",
    '{"id":1,"note":nul}',
    '{"id":01}',
    '{"id":1}//',
    '{"id":1,"note":"\u0001"}',
    '{"id":1,"note":"\\u00g0"}',
    '{"id":1,"note":"a}',
    '{',
    '{"id"}',
    '{"id":}',
    '\u00a0{"id":1}',
    '{"id":1}\u0000',
  ])('%j is refused', (line) => {
    expect(codes(check(line))).toEqual(['invalid_json']);
  });

  it.each([
    ['overlong', [0xc0, 0xaf]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['cut short', [0xe2, 0x82]],
  ])('UTF-8 that is %s is refused, and only in its own line', (_, bytes) => {
    const body = Buffer.concat([
      Buffer.from('{"id":1,"note":"é"}\n{"id":2,"note":"'),
      Buffer.from(bytes),
      Buffer.from('"}\n{"id":3}\n'),
    ]);
    expect(check(body)).toMatchObject({ count: 3, total: 1, refusals: [{ record: 2, line: 2, code: 'invalid_utf8' }] });
  });

  it('a key may occur once, at any depth, however it is spelled', () => {
    expect(codes(check('{"id":1,"id":1}'))).toEqual(['duplicate_key']);
    expect(codes(check('{"id":1,"\\u0069d":1}'))).toEqual(['duplicate_key']);
    expect(codes(check('{"id":1,"at":{"t~":1,"t\\u007e":1}}'))).toEqual(['duplicate_key']);
    expect(codes(check('{"id":1,"z":1,"z":2}', 'ndjson', true))).toEqual(['duplicate_key']);
    expect(codes(check('{"id":1,"z":[{"a":1,"a":2}]}', 'ndjson', true))).toEqual(['duplicate_key']);
  });
});

describe('fields', () => {
  it('of other names are refused, with their place', () => {
    expect(check('{"id":1,"at":{"x/y":1,"X/y":2}}')).toMatchObject({
      refusals: [{ pointer: '/at/X~1y', code: 'unknown_field', got: 'number 2' }],
    });
  });

  it('of other names are ignored on request, at every depth, if they are valid JSON', () => {
    expect(accepted(check('{"z":{"a":[1e999,{}]},"id":1,"at":{"q":null}}', 'ndjson', true)).count).toBe(1);
    expect(codes(check('{"id":1,"z":[1,]}', 'ndjson', true))).toEqual(['invalid_json']);
    expect(codes(check('{"id":1,"z":"\\ud800"}', 'ndjson', true))).toEqual(['invalid_json']);
  });

  it('may have escaped keys and any order', () => {
    expect(accepted(check('{"n\\u006fte":"a","id":1}\n{"id":2,"note":"b"}\n{"note":"c","id":3}')).count).toBe(3);
  });

  it('are named by JSON pointers, with what was expected and what came', () => {
    expect(check('{"id":1,"at":{"x/y":"7"}}\n{"at":{"t~":null},"note":"x"}\n{"id":null}')).toMatchObject({
      total: 3,
      refusals: [
        { record: 1, line: 1, pointer: '/at/x~1y', code: 'type_mismatch', expected: 'int', got: 'string "7"' },
        { record: 2, line: 2, pointer: '/id', code: 'missing_field', expected: 'long' },
        { record: 3, line: 3, pointer: '/id', code: 'null_not_allowed', expected: 'long', got: 'null' },
      ],
    });
  });
});

describe('limits', () => {
  const small = compileChecker(
    {
      schemaId: 0,
      fields: [
        field(1, 'a', {
          kind: 'list',
          elementId: 2,
          element: { kind: 'struct', fields: [field(3, 'b', { kind: 'int' })] },
          elementRequired: false,
        }),
      ],
    },
    { maxDepth: 3, maxRecordBytes: 40 },
  );
  const run = (body: string): readonly string[] =>
    codes(small.check(Buffer.from(body), 'ndjson', { ignoreUnknownFields: true }));

  it('count the record and everything inside it', () => {
    expect(run('{"a":[{"b":1}]}')).toEqual([]);
    expect(run('{"z":[[1]]}')).toEqual([]);
    expect(run('{"z":[[[]]]}')).toEqual(['too_deep']);
    expect(run('{"z":[{"y":{}}]}')).toEqual(['too_deep']);
    expect(run('{"a":[{"z":[]}]}')).toEqual(['too_deep']);
  });

  it('hold for the fields of the table, too', () => {
    const shallow = compileChecker(
      {
        schemaId: 0,
        fields: [
          field(1, 'a', {
            kind: 'list',
            elementId: 2,
            element: { kind: 'struct', fields: [field(3, 'b', { kind: 'int' })] },
            elementRequired: false,
          }),
          field(4, 'm', {
            kind: 'map',
            keyId: 5,
            key: { kind: 'string' },
            valueId: 6,
            value: { kind: 'list', elementId: 7, element: { kind: 'int' }, elementRequired: false },
            valueRequired: false,
          }),
        ],
      },
      { maxDepth: 2, maxRecordBytes: 100 },
    );
    const outcome = shallow.check(Buffer.from('{"a":[]}\n{"a":[{"b":1}]}\n{"m":{}}\n{"m":{"k":[]}}\n'), 'ndjson', {
      ignoreUnknownFields: false,
    });
    expect(outcome).toMatchObject({
      total: 2,
      refusals: [
        { record: 2, code: 'too_deep' },
        { record: 4, code: 'too_deep' },
      ],
    });
  });

  it('a record has a largest size', () => {
    const record = (bytes: number): string => `{"z":"${'x'.repeat(bytes - 8)}"}`;
    expect(run(record(40))).toEqual([]);
    expect(run(record(41))).toEqual(['too_long']);
  });

  it('so has its canonical form: numbers with exponents may not blow it up', () => {
    const list: Type = {
      kind: 'list',
      elementId: 2,
      element: { kind: 'decimal', precision: 38, scale: 0 },
      elementRequired: true,
    };
    const tight = compileChecker({ schemaId: 0, fields: [field(1, 'a', list)] }, { maxDepth: 3, maxRecordBytes: 50 });
    const run = (body: string): CheckOutcome =>
      tight.check(Buffer.from(body), 'ndjson', { ignoreUnknownFields: false });
    expect(codes(run('{"a":[1e37,1e37]}'))).toEqual([]);
    expect(codes(run('{"a":[1e3,1e3,1e3,1e3,1e3,1e3]}'))).toEqual([]);
    expect(codes(run('{"a":[1e37,1e37,1e37]}'))).toEqual(['too_long']);
  });

  describe('of one text', () => {
    const text: Type = { kind: 'string' };
    const map = (key: Type): Type => ({ kind: 'map', keyId: 10, key, valueId: 11, value: text, valueRequired: false });
    const checker = compileChecker(
      {
        schemaId: 0,
        fields: [
          field(1, 'a', text),
          field(2, 'b', { kind: 'binary' }),
          field(3, 'm', map(text)),
          field(4, 'n', map({ kind: 'int' })),
          field(5, 'l', { kind: 'list', elementId: 6, element: text, elementRequired: false }),
        ],
      },
      { ...defaultCheckLimits, admittedTextBytes: 4 },
    );
    const refused = (record: string): string | undefined => {
      const outcome = checker.check(Buffer.from(record), 'ndjson', { ignoreUnknownFields: true });
      return outcome.kind === 'refused' ? `${outcome.refusals[0]?.code} ${outcome.refusals[0]?.pointer}` : undefined;
    };

    it.each([
      ['bytes of UTF-8', '{"a":"abcd"}', '{"a":"abcde"}', '/a'],
      ['not characters', '{"a":"éé"}', '{"a":"ééé"}', '/a'],
      ['with escapes resolved', String.raw`{"a":"\u0061\u0062\n\\"}`, String.raw`{"a":"\u0061\u0062\n\\\t"}`, '/a'],
      ['base64 as it is sent', '{"b":"AAAA"}', '{"b":"AAAAAAA="}', '/b'],
      ['keys of maps', '{"m":{"abcd":"x"}}', '{"m":{"abcde":"x"}}', '/m'],
      ['values of maps', '{"m":{"k":"abcd"}}', '{"m":{"k":"abcde"}}', '/m/k'],
      [
        'values of maps as entries',
        '{"n":[{"key":1,"value":"abcd"}]}',
        '{"n":[{"key":1,"value":"abcde"}]}',
        '/n/0/value',
      ],
      ['elements of lists', '{"l":["abcd",null]}', '{"l":["a","abcde"]}', '/l/1'],
    ])('%s', (_, fits, tooLong, pointer) => {
      expect(refused(fits)).toBeUndefined();
      expect(refused(tooLong)).toBe(`too_long ${pointer}`);
    });

    it('names what was asked and what came', () => {
      expect(checker.check(Buffer.from('{"a":"abcde"}'), 'ndjson', { ignoreUnknownFields: false })).toMatchObject({
        refusals: [{ detail: 'the text has 5 bytes; at most 4 are taken' }],
      });
    });

    it('is not asked of fields that are left out, nor of what is read back', () => {
      expect(refused('{"zz":"abcdef"}')).toBeUndefined();
      const lines = Buffer.from('{"a":"abcdef"}\n');
      expect(checker.canonical(lines, { ignoreUnknownFields: false })).toMatchObject({ count: 1, refused: [] });
    });
  });

  describe('of what a request may bring, tighter than of what the log holds', () => {
    const tight = compileChecker(
      {
        schemaId: 0,
        fields: [
          field(1, 'a', { kind: 'string' }),
          field(2, 'd', {
            kind: 'list',
            elementId: 3,
            element: { kind: 'decimal', precision: 9, scale: 2 },
            elementRequired: false,
          }),
        ],
      },
      { maxDepth: 3, maxRecordBytes: 1024 * 1024, admittedRecordBytes: 100_000 },
    );
    const strict = { ignoreUnknownFields: false };
    const record = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;

    it('a record at the limit is taken, one beyond it is too long', () => {
      expect(codes(tight.check(Buffer.from(record(100_000)), 'ndjson', strict))).toEqual([]);
      expect(tight.check(Buffer.from(`${record(9)}\n${record(100_001)}\n`), 'ndjson', strict)).toMatchObject({
        count: 2,
        refusals: [{ record: 2, line: 2, code: 'too_long' }],
      });
    });

    it('in a JSON array nothing is read beyond it', () => {
      expect(codes(tight.check(Buffer.from(`[${record(90_000)},${record(99_999)}]`), 'json', strict))).toEqual([]);
      expect(tight.check(Buffer.from(`[${record(9)},\n${record(200_000)}`), 'json', strict)).toMatchObject({
        count: 2,
        refusals: [{ record: 2, line: 2, code: 'too_long' }],
      });
      expect(codes(tight.check(Buffer.from('['.repeat(200_000)), 'json', strict))).toEqual(['too_long']);
    });

    it('a logged record is made canonical all the same', () => {
      const logged = Buffer.from(`${record(200_000)}\n`);
      expect(tight.canonical(logged, strict)).toMatchObject({ count: 1, refused: [] });
    });

    it('so many values in a slow spelling are too many, in the log they are not', () => {
      const slow = (values: number): Buffer =>
        Buffer.from(`{"d":[${Array.from({ length: values }, () => '1e1').join()}]}\n`);
      expect(codes(tight.check(slow(MAX_SLOW_VALUES), 'ndjson', strict))).toEqual([]);
      expect(codes(tight.check(slow(MAX_SLOW_VALUES + 1), 'ndjson', strict))).toEqual(['too_long']);
      expect(tight.canonical(slow(MAX_SLOW_VALUES + 1), strict)).toMatchObject({ count: 1, refused: [] });
    });
  });

  it('100 refusals are listed, all are counted', () => {
    const outcome = check('{"id":1}\n{}\n'.repeat(250));
    expect(outcome).toMatchObject({ kind: 'refused', count: 500, total: 250 });
    expect(outcome.kind === 'refused' && outcome.refusals).toHaveLength(100);
    expect(outcome.kind === 'refused' && outcome.refusals.at(-1)).toMatchObject({ record: 200, line: 200 });
  });
});

describe('canonical lines', () => {
  const canonical = (lines: string, ignoreUnknownFields = false): ReturnType<typeof checker.canonical> =>
    checker.canonical(Buffer.from(lines), { ignoreUnknownFields });

  it('are the same bytes when nothing needs rewriting', () => {
    const lines = Buffer.from('{"id":1,"amount":"1.5"}\n{"id":2,"amount":15}\n');
    expect(checker.canonical(lines, { ignoreUnknownFields: false }).lines).toBe(lines);
  });

  it('change only the tokens that DuckDB would misread', () => {
    const { lines } = canonical('{"id":1, "amount":123456789012.5}\n{"id":2,"note":"é"}\n{"amount":-1e1,"id":3}\n');
    expect(Buffer.from(lines).toString()).toBe(
      '{"id":1, "amount":"123456789012.5"}\n{"id":2,"note":"é"}\n{"amount":"-10.0000000000","id":3}\n',
    );
  });

  it('are found in payloads of any size', () => {
    const line = '{"id":1,"amount":123456789012.5}\n';
    const copies = Math.ceil((5 * 1024 * 1024) / line.length);
    const result = canonical(`${line.repeat(copies)}{"id":"x"}\n${line}`);
    expect(result.count).toBe(copies + 1);
    expect(result.refused.map(({ index }) => index)).toEqual([copies]);
    expect(Buffer.from(result.lines).toString()).toBe('{"id":1,"amount":"123456789012.5"}\n'.repeat(copies + 1));
  });

  it('leave out lines that do not fit the schema any more, and name them by position', () => {
    const result = canonical(
      '{"id":1,"amount":123456789012.5}\n{"id":2,"gone":1}\n{"id":null,"amount":123456789012.5}\n{"id":4}\n',
    );
    expect(Buffer.from(result.lines).toString()).toBe('{"id":1,"amount":"123456789012.5"}\n{"id":4}\n');
    expect(result.count).toBe(2);
    expect(result.refused.map(({ index }) => index)).toEqual([1, 2]);
    expect(result.refused[0]?.misfit).toMatchObject({
      pointer: '/gone',
      code: 'unknown_field',
      detail: 'the table has no such field',
    });
  });
});

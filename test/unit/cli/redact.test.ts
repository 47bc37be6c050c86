/** Promise: a secret does not leave, whatever name it stands under, whatever form it takes. */
import { expect, test } from 'vitest';
import { Redactor, secretsIn, secretsOfEnvironment } from '../../../src/cli/redact.ts';
import { Secret } from '../../../src/config/secret.ts';

const redactor = new Redactor(['hunter2 & "co"/+']);

test.each([
  'known by value: hunter2 & "co"/+',
  `in a query: ?x=${encodeURIComponent('hunter2 & "co"/+')}`,
  `in JSON: ${JSON.stringify('hunter2 & "co"/+')}`,
  `base64: ${Buffer.from('hunter2 & "co"/+').toString('base64')}`,
])('a known value is gone: %s', (text) => {
  expect(redactor.text(text)).toMatch(/^[a-zA-Z0-9 ]+: .*\[redacted\]"?$/);
});

test.each([
  ['https://user:PLANTED@host/path', 'https://[redacted]@host/path'],
  ['https://PLANTED@host', 'https://[redacted]@host'],
  ['jdbc:postgresql://a:PLANT@ED@h/db', 'jdbc:postgresql://[redacted]@h/db'],
  ['Authorization: Bearer PLANTED.x-y', 'Authorization: [redacted] [redacted]'],
  ['key sk_abc_PLANTED end', 'key [redacted] end'],
  ['AKIAIOSFODNN7EXAMPLE', '[redacted]'],
  ['"db_password": "PLANT\\"ED"', '"db_password": "[redacted]"'],
  ['{\\"api_key\\":\\"PLANTED\\",\\"n\\":1}', '{\\"api_key\\":\\"[redacted]\\",\\"n\\":1}'],
  ['password=PLANTED user=bob', 'password=[redacted] user=bob'],
  ["client.secret = 'PLANT ED'", 'client.secret = [redacted]'],
  ['GET /x?X-Amz-Signature=PLANTED&y=1', 'GET /x?X-Amz-Signature=[redacted]&y=1'],
  ['-----BEGIN RSA PRIVATE KEY-----\nPLANTED\n-----END RSA PRIVATE KEY-----', '[redacted]'],
])('%s', (text, expected) => {
  expect(new Redactor([]).text(text)).toBe(expected);
});

test('what is no secret stays', () => {
  const text = 'commit of web.clicks took 5.2 s; s3://bucket/path@2x.png, see https://host/a?b=c';
  expect(new Redactor([]).text(text)).toBe(text);
});

test('members of JSON go by their names, bigints and maps come out whole', () => {
  const json = redactor.json({
    a: 9007199254740993n,
    token: 'PLANTED',
    nested: new Map([['s3.secret-key', 'PLANTED']]),
  });
  expect(JSON.parse(json)).toEqual({
    a: '9007199254740993',
    token: '[redacted]',
    nested: { 's3.secret-key': '[redacted]' },
  });
});

test('secrets are found in settings at any depth, and in variables by their names', () => {
  expect(secretsIn({ a: [{ b: new Secret('one') }], c: new Map([['d', new Secret('two')]]) })).toEqual(['one', 'two']);
  expect(secretsOfEnvironment({ AWS_SECRET_ACCESS_KEY: 'one', HOME: '/root', GITHUB_TOKEN: 'two' })).toEqual([
    'one',
    'two',
  ]);
});

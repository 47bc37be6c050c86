/** The slow path of one line: why it is no record of the schema. Run only after the walkers refused; never decides by itself. */
import { isUtf8 } from 'node:buffer';
import type { Misfit, Refusal } from '../../contracts/record-checker.ts';
import type { Schema } from '../../record/types.ts';
import { describeNode, type JsonNode } from './json-node.ts';
import type { CheckLimits } from './limits.ts';
import { longTextIn } from './long-text.ts';
import { parseJson } from './parse-json.ts';
import type { Mismatch, ValueRead } from './read-value.ts';
import { readStruct } from './read-value.ts';
import { refused } from './read-result.ts';

/** What the line means as a record, members in schema order, or the first thing wrong with it. `line` is without its `\n`. */
export function readRecord(schema: Schema, line: Uint8Array, ignoreUnknown: boolean, limits: CheckLimits): ValueRead {
  if (line.length > limits.maxRecordBytes)
    return refused('too_long', `the record has ${line.length} bytes; at most ${limits.maxRecordBytes} are taken`);
  if (!isUtf8(line)) return refused('invalid_utf8', 'the record is not valid UTF-8');
  const node = parseJson(Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8'), limits.maxDepth);
  if (node.kind === 'fault') return refused(node.code, node.detail, node.pointer);
  if (node.kind === 'object') return readObject(schema, node, ignoreUnknown, limits);
  return {
    ...refused('not_an_object', 'a record is one JSON object a line'),
    expected: 'object',
    got: describeNode(node),
  };
}

function readObject(schema: Schema, node: JsonNode, ignoreUnknown: boolean, limits: CheckLimits): ValueRead {
  const read = readStruct(schema.fields, node, ignoreUnknown);
  const { admittedTextBytes: max } = limits;
  const long = read.kind === 'refused' || max === undefined ? undefined : longTextIn(schema.fields, node, max);
  if (long === undefined) return read;
  return refused('too_long', `the text has ${long.bytes} bytes; at most ${max} are taken`, long.pointer);
}

export const misfitOf = (found: Mismatch): Misfit => ({
  pointer: found.pointer,
  code: found.code,
  ...(found.expected === undefined ? {} : { expected: found.expected }),
  ...(found.got === undefined ? {} : { got: found.got }),
  detail: found.detail,
});

export const refusalOf = (found: Mismatch, record: number, line: number): Refusal => ({
  record,
  line,
  ...misfitOf(found),
});

/** The slow path of one line: why it is no record of the schema. Run only after the walkers refused; never decides by itself. */
import { isUtf8 } from 'node:buffer';
import type { Misfit, Refusal } from '../../contracts/record-checker.ts';
import type { Schema } from '../../record/types.ts';
import { describeNode } from './json-node.ts';
import type { CheckLimits } from './limits.ts';
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
  if (node.kind === 'object') return readStruct(schema.fields, node, ignoreUnknown);
  return {
    ...refused('not_an_object', 'a record is one JSON object a line'),
    expected: 'object',
    got: describeNode(node),
  };
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

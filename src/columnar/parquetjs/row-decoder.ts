/** Canonical lines to values, by the reference reader of the checker: simple before fast. */
import { SluiceError } from '../../core/errors.ts';
import type { Schema } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import { parseJson } from '../check/parse-json.ts';
import { readStruct } from '../check/read-value.ts';

/** Values in the order of the schema's columns. */
export type Row = readonly (PrimitiveValue | null)[];

const MAX_DEPTH = 64;

export function* decodeRows(lines: Uint8Array, schema: Schema): Generator<Row> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let from = 0; from < lines.length;) {
    const at = lines.indexOf(0x0a, from);
    const end = at === -1 ? lines.length : at;
    const node = parseJson(decoder.decode(lines.subarray(from, end)), MAX_DEPTH);
    from = end + 1;
    if (node.kind === 'fault') throw broken(node.detail);
    const read = readStruct(schema.fields, node, true);
    if (read.kind === 'refused') throw broken(`${read.pointer} ${read.detail}`);
    yield read.value as Row;
  }
}

const broken = (detail: string): SluiceError =>
  new SluiceError('internal', `a staged line is not what was checked: ${detail}`, {
    remedy: 'restart: the records are replayed from the log; report this with the table schema',
  });

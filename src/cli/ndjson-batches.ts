/** Cuts a stream of NDJSON into batches of whole lines that know where in the input they stand. Does not look into the lines. */
import { CliFailure } from './failure.ts';

export interface LineBatch {
  /** Whole lines, each ended by a newline. */
  readonly bytes: Uint8Array;
  /** 1-based number of its first line in the input. */
  readonly firstLine: number;
  readonly lines: number;
  /** Lines that are not blank: those are records. */
  readonly records: number;
  /** Records of the input before the batch. */
  readonly firstRecord: number;
  /** Bytes of the input read when the batch was cut. */
  readonly inputBytes: number;
}

const NEWLINE = 10;

/**
 * Batches of at most `maxLines` and about `maxBytes`; the first `skip` lines and the first `skipRecords` records are left out. A line above
 * `maxBytes` is a failure.
 */
export async function* lineBatches(
  input: AsyncIterable<Uint8Array>,
  {
    maxLines,
    maxBytes,
    skip = 0,
    skipRecords = 0,
  }: {
    readonly maxLines: number;
    readonly maxBytes: number;
    readonly skip?: number;
    readonly skipRecords?: number;
  },
): AsyncGenerator<LineBatch> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let lines = 0;
  let line = 0;
  let records = 0;
  let record = 0;
  let inputBytes = 0;
  let partial: Uint8Array[] = [];
  let partialBytes = 0;

  const cut = (): LineBatch => {
    const batch = {
      bytes: Buffer.concat(held, heldBytes),
      firstLine: line - lines + 1,
      lines,
      records,
      firstRecord: record - records,
      inputBytes,
    };
    [held, heldBytes, lines, records] = [[], 0, 0, 0];
    return batch;
  };
  function* take(piece: Uint8Array): Generator<LineBatch> {
    if (piece.length > maxBytes)
      throw new CliFailure(
        1,
        `line ${line + 1} has ${piece.length} bytes, more than a batch may have`,
        'raise --batch-bytes, within server.max_body',
      );
    if (lines > 0 && heldBytes + piece.length > maxBytes) yield cut();
    line += 1;
    const isRecord = !isBlank(piece);
    if (isRecord) record += 1;
    if (line <= skip || (isRecord ? record <= skipRecords : record < skipRecords)) return;
    if (isRecord) records += 1;
    held.push(piece);
    heldBytes += piece.length;
    lines += 1;
    if (lines >= maxLines) yield cut();
  }

  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const end = chunk.subarray(from, at + 1);
      inputBytes += end.length;
      yield* take(partial.length === 0 ? end : Buffer.concat([...partial, end]));
      [partial, partialBytes] = [[], 0];
      from = at + 1;
    }
    if (from < chunk.length) {
      partial.push(chunk.subarray(from));
      partialBytes += chunk.length - from;
      inputBytes += chunk.length - from;
      if (partialBytes > maxBytes) yield* take(Buffer.concat(partial, partialBytes));
    }
  }
  if (partialBytes > 0) yield* take(Buffer.concat([...partial, Uint8Array.of(NEWLINE)]));
  if (lines > 0) yield cut();
}

/** White space as JSON has it. */
const isBlank = (line: Uint8Array): boolean =>
  line.every((byte) => byte === NEWLINE || byte === 0x20 || byte === 0x09 || byte === 0x0d);

/**
 * The bucket hash as functions DuckDB can call, a vector at a time, on the judge's own code (`record/murmur3.ts`): a hash in SQL took
 * three times as long for numbers and six times for text. They run on the event loop, 0.1–0.8 µs a row and at most 2,048 rows in one go.
 */
import { BIGINT, BLOB, DuckDBScalarFunction, HUGEINT, INTEGER } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBVector } from '@duckdb/node-api';
import { DuckDBBigIntVector, DuckDBBlobValue } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import { murmur3 } from '../../record/murmur3.ts';
import { twosComplement } from '../../record/single-value.ts';

/** Names in SQL. Null in, null out. */
export const hashes = {
  bytes: 'sluice_hash_bytes',
  long: 'sluice_hash_long',
  unscaled: 'sluice_hash_unscaled',
} as const;

/** Makes the functions known to every connection of the instance. */
export function registerHashes(connection: DuckDBConnection): void {
  register(connection, hashes.bytes, BLOB, (vector, rows, put) => {
    for (let row = 0; row < rows; row += 1) {
      const item = vector.getItem(row);
      put(row, item instanceof DuckDBBlobValue ? murmur3(item.bytes) : null);
    }
  });
  register(connection, hashes.long, BIGINT, (vector, rows, put) => {
    if (!(vector instanceof DuckDBBigIntVector)) throw new SluiceError('internal', 'a bigint vector was expected');
    for (let row = 0; row < rows; row += 1) {
      const item = vector.getItem(row);
      put(row, item === null ? null : murmur3(littleEndian(item)));
    }
  });
  register(connection, hashes.unscaled, HUGEINT, (vector, rows, put) => {
    for (let row = 0; row < rows; row += 1) {
      const item = vector.getItem(row);
      put(row, typeof item === 'bigint' ? murmur3(twosComplement(item)) : null);
    }
  });
}

type Hash = (vector: DuckDBVector, rows: number, put: (row: number, hash: number | null) => void) => void;

function register(connection: DuckDBConnection, name: string, parameter: DuckDBType, hash: Hash): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name,
      returnType: INTEGER,
      parameterTypes: [parameter],
      mainFunction: (_info, input: DuckDBDataChunk, output: DuckDBVector) => {
        hash(input.getColumnVector(0), input.rowCount, (row, value) => output.setItem(row, value));
        output.flush();
      },
    }),
  );
}

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

function littleEndian(value: bigint): Uint8Array {
  scratch.setBigInt64(0, value, true);
  return scratchBytes;
}

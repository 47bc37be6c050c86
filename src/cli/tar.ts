/** A tar archive of small files in memory (POSIX ustar). Owns the 512-byte headers; names are short and plain. */

const BLOCK = 512;

export interface ArchiveFile {
  /** At most 100 bytes, `/` between folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** `mtimeMs` goes to every file. */
export function tar(files: readonly ArchiveFile[], mtimeMs: number): Buffer {
  const parts = files.flatMap(({ name, bytes }) => [
    header(name, bytes.byteLength, Math.floor(mtimeMs / 1000)),
    bytes,
    Buffer.alloc((BLOCK - (bytes.byteLength % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(name: string, size: number, mtime: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void =>
    void block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  block.write(name, 0, 100, 'utf8');
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(mtime, 136, 12);
  // The checksum counts itself as blanks.
  block.fill(' ', 148, 156);
  block.write('0', 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  block.writeUInt8(0, 154);
  return block;
}

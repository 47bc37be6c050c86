/** Spools: many pieces share a few blocks, and none ever sees another's rows. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SpoolBlocks, SpoolPiece } from '../../../../src/columnar/engine/spool.ts';

const folder = mkdtempSync(join(tmpdir(), 'spool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MIB = 1024 * 1024;

test('pieces written at the same time hold what was appended to them, byte for byte, over several generations of blocks', async () => {
  const blocks = new SpoolBlocks();
  for (let round = 0; round < 2; round += 1) {
    const pieces = ['a', 'b', 'c'].map((name) => {
      const piece = new SpoolPiece(join(folder, `${name}${round}`), blocks);
      return { piece, name, appended: [] as Buffer[] };
    });
    for (const size of [10, 64 * 1024 - 10, 1, MIB, 3 * MIB + 7, 100, MIB - 1, 14 * MIB, 70 * MIB, 5])
      for (const { piece, name, appended } of pieces) {
        const lines = Buffer.alloc(size, `${name}${round}${appended.length}|`);
        appended.push(lines);
        piece.append(lines, 1);
      }
    for (const { piece, appended } of pieces) {
      await piece.seal();
      expect(Buffer.compare(readFileSync(piece.path), Buffer.concat(appended))).toBe(0);
      expect(piece.bytes).toBe(Buffer.concat(appended).length);
      await piece.remove();
    }
  }
});

test('a piece with a few rows costs a small block, not a full one', () => {
  const blocks = new SpoolBlocks();
  const before = process.memoryUsage().arrayBuffers;
  const pieces = Array.from({ length: 100 }, (_, index) => new SpoolPiece(join(folder, `small${index}`), blocks));
  for (const piece of pieces) piece.append(Buffer.from('{"a":1}\n'), 1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MIB);
  expect(pieces.every((piece) => piece.rows === 1)).toBe(true);
});

test('a large append of short lines has no long line, and a long line in it is measured', () => {
  const piece = new SpoolPiece(join(folder, 'longest'), new SpoolBlocks());
  piece.append(Buffer.from('{"a":1}\n'.repeat(3 * MIB)), 3 * MIB);
  expect(piece.longestLine).toBe(8);
  piece.append(Buffer.from(`{}\n${'x'.repeat(9 * MIB)}\n{}\n`), 3);
  expect(piece.longestLine).toBe(9 * MIB + 1);
});

/** How an engine starts and ends. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { DuckDbEngineOptions } from '../../../../src/columnar/engine/duckdb-engine.ts';
import { createDuckDbEngine } from '../../../../src/columnar/engine/duckdb-engine.ts';
import { field, layoutOf } from './engine-in-test.ts';

const base = mkdtempSync(join(tmpdir(), 'start-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const MIB = 1024 * 1024;
const options = (parts: Partial<DuckDbEngineOptions>): DuckDbEngineOptions => ({
  directory: join(base, 'work'),
  threads: 2,
  memoryLimitBytes: 192 * MIB,
  maxWrites: 1,
  maxPieceBytes: 64 * MIB,
  ...parts,
});

it('refuses a memory limit no file can be written with, and says which can', async () => {
  await expect(createDuckDbEngine(options({ memoryLimitBytes: 191 * MIB }))).rejects.toMatchObject({
    kind: 'misconfigured',
    remedy: 'raise it to 192 MiB or more',
  });
});

it('refuses a directory whose path DuckDB would read as a pattern', async () => {
  await expect(createDuckDbEngine(options({ directory: join(base, 'a[1]') }))).rejects.toMatchObject({
    kind: 'misconfigured',
  });
});

it('starts in an empty directory whatever an earlier process left, and leaves nothing', async () => {
  const { directory } = options({});
  mkdirSync(join(directory, 'staging-old'), { recursive: true });
  writeFileSync(join(directory, 'staging-old', '0.ndjson'), '{}\n');
  const engine = await createDuckDbEngine(options({}));
  expect(readdirSync(directory)).toEqual([]);
  const staging = engine.staging(layoutOf([field(1, 'x', { kind: 'int' })]), 'same');
  staging.append(Buffer.from('{"x":1}\n'), 1);
  expect(() => engine.staging(layoutOf([field(1, 'x', { kind: 'int' })]), 'same')).toThrow(/alive/);
  await engine.close();
  expect(existsSync(directory)).toBe(false);
});

it('refuses fixed of other lengths than 16 with snappy, naming the column', async () => {
  const engine = await createDuckDbEngine(options({}));
  const layout = layoutOf([field(1, 'digest', { kind: 'fixed', length: 20 })], { compression: 'snappy' });
  expect(() => engine.validate(layout)).toThrow(/digest is fixed\[20\]/);
  engine.validate({ ...layout, compression: 'none' });
  await engine.close();
});

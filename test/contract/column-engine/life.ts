/** The life of a staging: growing, rolling, writing once, dropping; and what a layout may not ask for. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSluiceError } from '../../../src/core/errors.ts';
import { readRows } from './parquet-reader.ts';
import type { SubjectInUse } from './subject.ts';
import { columnsOf, layoutOf, lineOf } from './subject.ts';

const fields = columnsOf([{ kind: 'long' }, { kind: 'string' }]);
const never = (): AbortSignal => new AbortController().signal;
const line = (n: number): Buffer => Buffer.from(`${lineOf(fields, [BigInt(n), `row ${n} ${'x'.repeat(n % 50)}`])}\n`);

export function describeLife(use: SubjectInUse): void {
  const kindOf = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'no error',
      (error: unknown) => (isSluiceError(error) ? error.kind : String(error)),
    );

  describe('a staging', () => {
    it('counts rows and bytes, and nothing is left after drop', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      staging.append(line(1), 1);
      staging.append(Buffer.concat([line(2), line(3)]), 2);
      expect(staging.rows).toBe(3);
      expect(staging.bytes).toBe(line(1).length + line(2).length + line(3).length);
      const [file] = await staging.write(never());
      expect(existsSync(file?.localPath ?? '')).toBe(true);
      await staging.drop();
      await staging.drop();
      expect(staging.bytes).toBe(0);
      expect(existsSync(file?.localPath ?? '')).toBe(false);
      expect(readdirSync(use.subject.directory).filter((name) => name.startsWith('staging-'))).toEqual([]);
    });

    it('does not look at the bytes again after append', async () => {
      const layout = layoutOf(use.subject, fields);
      const staging = use.staging(layout);
      const buffer = line(7);
      staging.append(buffer, 1);
      buffer.fill(0);
      const [file] = await staging.write(never());
      expect(await readRows(file?.localPath ?? '', layout.schema)).toMatchObject([{ long: 7n }]);
    });

    it('without rows writes no file', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      staging.append(new Uint8Array(), 0);
      expect(await staging.write(never())).toEqual([]);
    });

    it('is written once, and takes nothing afterwards', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      staging.append(line(1), 1);
      await staging.write(never());
      expect(await kindOf(staging.write(never()))).toBe('internal');
      expect(() => staging.append(line(2), 1)).toThrow();
    });

    it('finishes files early when it grows past the size of one, and answers with all of them', async () => {
      const layout = layoutOf(use.subject, fields, { targetFileBytes: 2000 });
      const staging = use.staging(layout);
      for (let n = 0; n < 3000; n += 1) staging.append(line(n), 1);
      const files = await staging.write(never());
      expect(files.length).toBeGreaterThan(1);
      const rows = (await Promise.all(files.map((file) => readRows(file.localPath, layout.schema)))).flat();
      expect(rows.map((row) => Number(row['long'])).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 3000 }, (_, n) => n),
      );
      expect(new Set(files.map((file) => file.localPath)).size).toBe(files.length);
    });

    it('keeps rows of several megabytes whole', async () => {
      const layout = layoutOf(use.subject, fields);
      const long = 'é'.repeat(3_000_000);
      const [file] = await use.write(layout, [lineOf(fields, [1n, long]), lineOf(fields, [2n, 'short'])]);
      const rows = await readRows(file?.localPath ?? '', layout.schema);
      expect(rows.map((row) => [row['long'], row['string'] === long])).toEqual([
        [1n, true],
        [2n, false],
      ]);
    });

    it('fails loudly when fewer rows come out than were counted', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      staging.append(line(1), 2);
      expect(await kindOf(staging.write(never()))).toBe('internal');
    });

    it('fails loudly, instead of writing null, on a value its column cannot hold', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      staging.append(Buffer.from('{"long":9223372036854775808}\n'), 1);
      expect(await kindOf(staging.write(never()))).toBe('internal');
    });

    it('reports a spool that could not be written when it is written out', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      for (const name of readdirSync(use.subject.directory).filter((entry) => entry.startsWith('staging-')))
        rmSync(`${use.subject.directory}/${name}`, { recursive: true });
      staging.append(line(1), 1);
      expect(await kindOf(staging.write(never()))).toBe('unavailable');
    });

    it('stops when its signal aborts, and can be dropped then', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      for (let n = 0; n < 1000; n += 1) staging.append(line(n), 1);
      const controller = new AbortController();
      const writing = staging.write(controller.signal);
      controller.abort(new Error('enough'));
      expect(await kindOf(writing)).toBe('closed');
      await staging.drop();
    });

    it('can be dropped while it is being written', async () => {
      const staging = use.staging(layoutOf(use.subject, fields));
      for (let n = 0; n < 1000; n += 1) staging.append(line(n), 1);
      const writing = kindOf(staging.write(never()));
      await staging.drop();
      expect(await writing).toBe('closed');
    });

    it('lives beside others of other layouts', async () => {
      const layout = layoutOf(use.subject, fields);
      const written = await Promise.all(
        Array.from({ length: 6 }, async (_, n) => use.write(layout, [lineOf(fields, [BigInt(n), 'x'])])),
      );
      const directories = new Set(written.flat().map((file) => dirname(file.localPath)));
      expect(directories.size).toBe(6);
    });
  });

  describe('a layout is refused when', () => {
    const refused = (layout: Parameters<typeof use.subject.engine.validate>[0]): string => {
      try {
        use.subject.engine.validate(layout);
        return 'accepted';
      } catch (error) {
        return isSluiceError(error) ? `${error.kind}: ${error.message} (${error.remedy})` : String(error);
      }
    };

    it('a partition or sort field cannot read its source', () => {
      const list = {
        id: 9,
        name: 'li',
        required: false,
        type: { kind: 'list', elementId: 10, element: { kind: 'int' }, elementRequired: false },
      } as const;
      const partition = (sourceId: number, kind: 'day' | 'identity') =>
        layoutOf(use.subject, [...fields, list], {
          partition: [{ sourceId, fieldId: 1000, name: 'p', transform: { kind } }],
        });
      expect(refused(partition(1, 'day'))).toMatch(/^unsupported: .*day.*long/);
      expect(refused(partition(99, 'identity'))).toMatch(/^unsupported: /);
      expect(refused(partition(10, 'identity'))).toMatch(/^unsupported: /);
    });

    it('it has no columns', () => {
      expect(refused(layoutOf(use.subject, []))).toMatch(/^unsupported: /);
    });

    it('and not otherwise', () => {
      expect(refused(layoutOf(use.subject, fields))).toBe('accepted');
    });
  });
}

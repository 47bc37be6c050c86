/** Scratch space and a column engine for files that are lines: as honest about what is missing as the native ones. Owns one life's local files. */
import type { FileRewriter, RewriteRequest, Rewritten } from '../../../src/contracts/file-rewriter.ts';
import type { Scratch, ScratchFolder } from '../../../src/contracts/scratch.ts';
import type { ObjectStore } from '../../../src/contracts/object-store.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { WrittenFile } from '../../../src/record/data-file.ts';
import type { Effects } from '../world/effects.ts';
import type { SeededRandom } from '../world/random.ts';
import type { Bucket, LocalFiles } from '../world/sim-store.ts';
import { byFile, factsOf, left, sizeOf } from './lines.ts';
import { keyOf } from './state-reader.ts';

export interface LocalContext {
  readonly effects: Effects;
  readonly random: SeededRandom;
  readonly bucket: Bucket;
  readonly store: ObjectStore;
  readonly local: LocalFiles;
  readonly partitioned: boolean;
}

/** The lines as local files, one a tuple. */
export function written(lines: readonly string[], directory: string, context: LocalContext): readonly WrittenFile[] {
  const { local, partitioned } = context;
  return byFile(lines, partitioned).map((rows, at) => {
    const localPath = `${directory}/out-${at}`;
    local.set(localPath, { rows, size: sizeOf(rows) });
    return { ...factsOf(rows, partitioned), localPath };
  });
}

export class LineScratch implements Scratch {
  readonly #context: LocalContext;

  constructor(context: LocalContext) {
    this.#context = context;
  }

  folder(name: string): Promise<ScratchFolder> {
    const { bucket, store, local } = this.#context;
    const path = `/scratch/${name}`;
    let files = 0;
    return Promise.resolve({
      path,
      fetch: async (uri, bytes) => {
        const info = await store.head(keyOf(uri));
        const rows = bucket.objects.get(keyOf(uri))?.rows;
        if (info?.size !== bytes || rows === undefined)
          throw new SluiceError('corrupt', `${uri} is not there, or of another size`);
        const localPath = `${path}/in-${(files += 1)}`;
        local.set(localPath, { rows, size: Number(bytes) });
        return localPath;
      },
      remove: () => {
        for (const each of local.keys()) if (each.startsWith(`${path}/`)) local.delete(each);
        return Promise.resolve();
      },
    });
  }
}

export class LineRewriter implements FileRewriter {
  readonly #context: LocalContext;

  constructor(context: LocalContext) {
    this.#context = context;
  }

  rewrite(request: RewriteRequest, directory: string): Promise<Rewritten> {
    const { effects, random } = this.#context;
    return effects.do('rewrite', random.between(5, 400), () => this.#rewrite(request, directory));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #rewrite({ inputs, positionDeletes, equalityDeletes }: RewriteRequest, directory: string): Rewritten {
    const rowsOf = (localPath: string): readonly string[] => {
      const file = this.#context.local.get(localPath);
      if (file === undefined) throw new SluiceError('internal', `${localPath} is not there`);
      return file.rows;
    };
    const held = (files: RewriteRequest['positionDeletes']) =>
      files.map(({ localPath, sequenceNumber }) => ({ sequence: sequenceNumber, rows: rowsOf(localPath) }));
    const deletes = { positions: held(positionDeletes), keys: held(equalityDeletes) };
    const rows = inputs.flatMap(({ uri, localPath, sequenceNumber }) =>
      left(uri, sequenceNumber, rowsOf(localPath), deletes),
    );
    const rowsIn = inputs.reduce((sum, { recordCount }) => sum + recordCount, 0n);
    return { files: written(rows, directory, this.#context), rowsIn, rowsDeleted: rowsIn - BigInt(rows.length) };
  }
}

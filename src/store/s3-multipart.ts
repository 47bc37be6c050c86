/**
 * One large file into one object, in parts. Nothing is visible before the last step, and that step carries the condition.
 * Parts and completion are repeated here because each is safe to repeat; a conflict that needs new parts is the caller's to repeat.
 */
import type { FileHandle } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ETag, PutCondition, PutResult } from '../contracts/object-store.ts';
import { SluiceError } from '../core/errors.ts';
import { type Runtime, hex } from '../core/runtime.ts';
import { cancelled } from './cancel.ts';
import { type RetryPolicy, retry } from './retry.ts';
import { faultOf, isLostRace, s3Error } from './s3-errors.ts';
import { conditionHeaders, etagIn } from './s3-headers.ts';

export interface MultipartTarget {
  readonly client: S3Client;
  readonly Bucket: string;
  readonly Key: string;
}

export interface MultipartPlan {
  readonly partSizeBytes: number;
  readonly parallelParts: number;
  readonly partRetry: RetryPolicy;
}

interface Source {
  readonly file: FileHandle;
  readonly size: number;
}

interface Part {
  readonly PartNumber: number;
  readonly ETag: string;
}

const MAX_PARTS = 10_000;
/** User metadata by which an object tells whose upload it was, when the answer to the last step was lost. */
const WRITE_ID = 'sluice-write';

/** As `ObjectStore.upload`. The file must not change meanwhile. */
export async function uploadInParts(
  target: MultipartTarget,
  source: Source,
  condition: PutCondition,
  plan: MultipartPlan,
  runtime: Runtime,
  signal?: AbortSignal,
): Promise<PutResult> {
  const writeId = hex(runtime.random.bytes(16));
  const upload = new Upload(target, writeId, { policy: plan.partRetry, runtime });
  const id = await upload.begin(signal);
  try {
    const parts = await upload.parts(id, source, plan, signal);
    const result = await upload.complete(id, parts, condition, signal);
    if (result.kind === 'lost-race') await upload.abandon(id);
    return result;
  } catch (error) {
    // Also when the last step is unknown: an upload that is gone cannot land late.
    await upload.abandon(id);
    throw error;
  }
}

class Upload {
  readonly #target: MultipartTarget;
  readonly #at: { readonly Bucket: string; readonly Key: string };
  readonly #writeId: string;
  readonly #retry: { readonly policy: RetryPolicy; readonly runtime: Runtime };

  constructor(
    target: MultipartTarget,
    writeId: string,
    retryWith: { readonly policy: RetryPolicy; readonly runtime: Runtime },
  ) {
    this.#target = target;
    this.#at = { Bucket: target.Bucket, Key: target.Key };
    this.#writeId = writeId;
    this.#retry = retryWith;
  }

  async begin(signal: AbortSignal | undefined): Promise<string> {
    const command = new CreateMultipartUploadCommand({ ...this.#at, Metadata: { [WRITE_ID]: this.#writeId } });
    const { UploadId } = await this.#step('CreateMultipartUpload', signal, (abort) =>
      this.#target.client.send(command, abort),
    );
    if (UploadId === undefined)
      throw new SluiceError('unavailable', 'CreateMultipartUpload answered without an id', { context: this.#facts() });
    return UploadId;
  }

  /** All parts in order; at most `parallelParts` are held in memory. The first failure ends the others. */
  async parts(
    id: string,
    { file, size }: Source,
    plan: MultipartPlan,
    signal: AbortSignal | undefined,
  ): Promise<Part[]> {
    const partSize = Math.max(plan.partSizeBytes, Math.ceil(size / MAX_PARTS));
    const count = Math.ceil(size / partSize);
    const parts: Part[] = [];
    const failed = new AbortController();
    const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
    const numbers = Array.from({ length: count }, (_, index) => index + 1).values();
    const work = async (): Promise<void> => {
      for (const PartNumber of numbers) {
        const start = (PartNumber - 1) * partSize;
        const Body = await this.#readPart(file, start, Math.min(partSize, size - start));
        const command = new UploadPartCommand({ ...this.#at, UploadId: id, PartNumber, Body });
        const answer = await this.#step('UploadPart', stop, (abort) => this.#target.client.send(command, abort));
        parts[PartNumber - 1] = { PartNumber, ETag: etagIn(answer, this.#at.Key) };
      }
    };
    const workers = Array.from({ length: Math.min(plan.parallelParts, count) }, async () => {
      try {
        await work();
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
    const ends = await Promise.allSettled(workers);
    if (signal?.aborted === true) throw cancelled(signal.reason);
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure !== undefined) throw failed.signal.reason as SluiceError;
    return parts;
  }

  async complete(
    id: string,
    parts: Part[],
    condition: PutCondition,
    signal: AbortSignal | undefined,
  ): Promise<PutResult> {
    const command = new CompleteMultipartUploadCommand({
      ...this.#at,
      ...conditionHeaders(condition),
      UploadId: id,
      MultipartUpload: { Parts: parts },
    });
    let unsettled = false;
    const settled = await retry(
      async (): Promise<PutResult | SluiceError> => {
        try {
          const answer = await this.#target.client.send(command, signal === undefined ? {} : { abortSignal: signal });
          return { kind: 'written', etag: etagIn(answer, this.#at.Key) };
        } catch (error) {
          const lost = isLostRace(error, condition.kind);
          const gone = faultOf(error).name === 'NoSuchUpload';
          if (unsettled && (lost || gone)) {
            // An earlier attempt got no answer: the object says whether it was that one.
            const etag = await this.#ours(signal);
            if (etag !== undefined) return { kind: 'written', etag };
          }
          if (lost) return { kind: 'lost-race' };
          if (gone) return this.#mustBeginAnew(unsettled, error);
          const known = s3Error(error, 'CompleteMultipartUpload', this.#facts(), signal);
          // 409: S3 wants the parts again after a conflict.
          if (faultOf(error).status === 409) return this.#mustBeginAnew(unsettled, error);
          if (known.context['effect'] === 'unknown') unsettled = true;
          throw known;
        }
      },
      { ...this.#retry, signal },
    );
    if (settled instanceof SluiceError) throw settled;
    return settled;
  }

  /** Frees what the server keeps for the upload. Best effort: the bucket's own rule for incomplete uploads does the rest. */
  async abandon(id: string): Promise<void> {
    await this.#target.client
      .send(new AbortMultipartUploadCommand({ ...this.#at, UploadId: id }))
      .catch(() => undefined);
  }

  async #ours(signal: AbortSignal | undefined): Promise<ETag | undefined> {
    const answer = await this.#step('HeadObject', signal, (abort) =>
      this.#target.client.send(new HeadObjectCommand(this.#at), abort),
    );
    return answer.Metadata?.[WRITE_ID] === this.#writeId ? etagIn(answer, this.#at.Key) : undefined;
  }

  #mustBeginAnew(unsettled: boolean, cause: unknown): SluiceError {
    const context = { ...this.#facts(), effect: unsettled ? 'unknown' : 'none' };
    return new SluiceError('unavailable', 'the upload has to begin anew', { context, cause });
  }

  async #readPart(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
      if (bytesRead === 0)
        throw new SluiceError('internal', 'file shrank while it was uploaded', {
          context: { ...this.#facts(), start },
        });
      filled += bytesRead;
    }
    return bytes;
  }

  #step<T>(
    operation: string,
    signal: AbortSignal | undefined,
    call: (abort: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        return await call(signal === undefined ? {} : { abortSignal: signal });
      } catch (error) {
        throw s3Error(error, operation, this.#facts(), signal);
      }
    };
    return retry(attempt, { ...this.#retry, signal });
  }

  #facts(): { bucket: string; key: string } {
    return { bucket: this.#at.Bucket, key: this.#at.Key };
  }
}

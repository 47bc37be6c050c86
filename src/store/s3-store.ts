/**
 * Objects in an S3 bucket under a prefix. One attempt a call, but for the parts of a large upload. Owns the translation of calls and
 * answers; does not repeat failed calls (`retrying-store.ts`) and does not prove that the server keeps conditions (`probe.ts`).
 */
import { open } from 'node:fs/promises';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { ObjectInfo, ObjectStore, PutCondition, PutResult } from '../contracts/object-store.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { throwIfCancelled } from './cancel.ts';
import { type ByteRange, checkKey, checkRange, isKey } from './keys.ts';
import type { RetryPolicy } from './retry.ts';
import { faultOf, isAbsentObject, isLostRace, s3Error } from './s3-errors.ts';
import { conditionHeaders, etagIn } from './s3-headers.ts';
import { uploadInParts } from './s3-multipart.ts';

export interface S3StoreOptions {
  readonly bucket: string;
  /** No slash at either end; may be empty. */
  readonly prefix: string;
  readonly partSizeBytes: number;
  /** Files of more bytes than this go in parts. */
  readonly multipartAboveBytes: number;
  readonly parallelParts: number;
  /** For single steps of a large upload, which are safe to repeat by themselves. */
  readonly partRetry: RetryPolicy;
}

const DELETE_BATCH = 1000;
const PARALLEL_DELETES = 16;

export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #options: S3StoreOptions;
  readonly #runtime: Runtime;
  #batchDeletes = true;

  /** The client makes one attempt a call (`maxAttempts: 1`): its own retries would turn our own write into a lost race. */
  constructor(client: S3Client, options: S3StoreOptions, runtime: Runtime) {
    this.#client = client;
    this.#options = options;
    this.#runtime = runtime;
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    checkKey(key);
    return this.#call('HeadObject', key, signal, async (abort) => {
      try {
        const answer = await this.#client.send(new HeadObjectCommand(this.#at(key)), abort);
        return {
          key,
          size: BigInt(answer.ContentLength ?? 0),
          etag: etagIn(answer, key),
          modifiedAt: answer.LastModified?.getTime() ?? 0,
        };
      } catch (error) {
        if (isAbsentObject(error)) return undefined;
        throw error;
      }
    });
  }

  async get(
    key: string,
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined> {
    checkKey(key);
    const { range, signal } = options;
    if (range !== undefined) checkRange(range);
    // HTTP has no name for an empty range.
    if (range?.end !== undefined && range.end <= range.start) return this.#nothingOf(key, signal);
    const found = await this.#call('GetObject', key, signal, async (abort) => {
      try {
        return await this.#read(key, range, abort);
      } catch (error) {
        if (isAbsentObject(error)) return undefined;
        if (faultOf(error).status === 416) return 'behind-the-end';
        throw error;
      }
    });
    return found === 'behind-the-end' ? this.#nothingOf(key, signal) : found;
  }

  async put(key: string, bytes: Uint8Array, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    checkKey(key);
    return this.#call('PutObject', key, signal, async (abort) => {
      try {
        const answer = await this.#client.send(
          new PutObjectCommand({
            ...this.#at(key),
            ...conditionHeaders(condition),
            Body: bytes,
            ContentLength: bytes.length,
          }),
          abort,
        );
        return { kind: 'written', etag: etagIn(answer, key) };
      } catch (error) {
        if (isLostRace(error, condition.kind)) return { kind: 'lost-race' };
        throw error;
      }
    });
  }

  async upload(key: string, localPath: string, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    checkKey(key);
    throwIfCancelled(signal);
    const { multipartAboveBytes, ...plan } = this.#options;
    await using file = await open(localPath, 'r').catch((error: unknown) => {
      throw new SluiceError('internal', `file to upload cannot be read: ${localPath}`, {
        context: { key, localPath },
        cause: error,
      });
    });
    const { size } = await file.stat();
    if (size <= multipartAboveBytes) return await this.put(key, await file.readFile(), condition, signal);
    const target = { ...this.#at(key), client: this.#client };
    return await uploadInParts(target, { file, size }, condition, plan, this.#runtime, signal);
  }

  fileOf(): undefined {
    return undefined;
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const root = this.#options.prefix === '' ? '' : `${this.#options.prefix}/`;
    // URL encoding because XML cannot carry every character of a key.
    const input = { Bucket: this.#options.bucket, Prefix: root + prefix, EncodingType: 'url' } as const;
    const pages = paginateListObjectsV2(
      { client: this.#client },
      input,
      signal === undefined ? {} : { abortSignal: signal },
    );
    for (;;) {
      const page = await this.#call('ListObjectsV2', prefix, signal, () => pages.next());
      if (page.done === true) return;
      const { Contents = [], EncodingType } = page.value;
      for (const entry of Contents) {
        throwIfCancelled(signal);
        const whole = EncodingType === 'url' ? decodeListed(entry.Key ?? '') : (entry.Key ?? '');
        const key = whole.slice(root.length);
        // Folder markers and the like: no call could name them.
        if (!isKey(key)) continue;
        yield {
          key,
          size: BigInt(entry.Size ?? 0),
          etag: etagIn(entry, key),
          modifiedAt: entry.LastModified?.getTime() ?? 0,
        };
      }
    }
  }

  async delete(
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly failed: readonly { readonly key: string; readonly cause: string }[] }> {
    keys.forEach(checkKey);
    throwIfCancelled(signal);
    const failed: { key: string; cause: string }[] = [];
    for (let from = 0; from < keys.length; from += DELETE_BATCH) {
      const batch = keys.slice(from, from + DELETE_BATCH);
      failed.push(...((await this.#deleteBatch(batch, signal)) ?? (await this.#deleteSingly(batch, signal))));
    }
    return { failed };
  }

  /** Undefined when the server does not know, or does not accept, deletion of many: some want an MD5 the SDK no longer sends. */
  async #deleteBatch(
    keys: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ key: string; cause: string }[] | undefined> {
    if (!this.#batchDeletes) return undefined;
    const Objects = keys.map((key) => ({ Key: this.#at(key).Key }));
    const answer = await this.#call('DeleteObjects', keys[0] ?? '', signal, async (abort) => {
      try {
        const { bucket: Bucket } = this.#options;
        return await this.#client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }), abort);
      } catch (error) {
        const { status, name } = faultOf(error);
        if (status !== 501 && !BATCH_DELETE_REFUSED.has(name)) throw error;
        this.#batchDeletes = false;
        return undefined;
      }
    });
    const skip = this.#options.prefix === '' ? 0 : this.#options.prefix.length + 1;
    return (
      answer?.Errors?.map(({ Key = '', Code, Message }) => ({
        key: Key.slice(skip),
        cause: `${Code ?? 'error'}: ${Message ?? ''}`,
      })) ?? (answer === undefined ? undefined : [])
    );
  }

  async #deleteSingly(
    keys: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ key: string; cause: string }[]> {
    const failed: { key: string; cause: string }[] = [];
    const queue = keys.values();
    const work = async (): Promise<void> => {
      for (const key of queue) {
        try {
          await this.#client.send(new DeleteObjectCommand(this.#at(key)), { ...(signal && { abortSignal: signal }) });
        } catch (error) {
          if (signal?.aborted === true) throw s3Error(error, 'DeleteObject', { key }, signal);
          if (!isAbsentObject(error)) failed.push({ key, cause: messageOf(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_DELETES }, work));
    return failed;
  }

  async #read(
    key: string,
    range: ByteRange | undefined,
    abort: Abort,
  ): Promise<{ bytes: Uint8Array; info: ObjectInfo }> {
    const Range = range === undefined ? undefined : rangeHeader(range);
    const answer = await this.#client.send(
      new GetObjectCommand({ ...this.#at(key), ...(Range === undefined ? {} : { Range }) }),
      abort,
    );
    if (answer.Body === undefined)
      throw new SluiceError('unavailable', 'GetObject answered without a body', { context: { key } });
    const bytes = await answer.Body.transformToByteArray();
    if (answer.ContentLength !== undefined && bytes.length !== answer.ContentLength)
      throw new SluiceError('unavailable', 'GetObject answered fewer bytes than announced', {
        context: { key, got: bytes.length, announced: answer.ContentLength },
      });
    const total = answer.ContentRange === undefined ? bytes.length : /\/(\d+)$/.exec(answer.ContentRange)?.[1];
    if (total === undefined)
      throw new SluiceError('corrupt', 'GetObject answered a range without the size', { context: { key } });
    const info = {
      key,
      size: BigInt(total),
      etag: etagIn(answer, key),
      modifiedAt: answer.LastModified?.getTime() ?? 0,
    };
    return { bytes, info };
  }

  async #nothingOf(
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<{ bytes: Uint8Array; info: ObjectInfo } | undefined> {
    const info = await this.head(key, signal);
    return info === undefined ? undefined : { bytes: new Uint8Array(0), info };
  }

  async #call<T>(
    operation: string,
    key: string,
    signal: AbortSignal | undefined,
    call: (abort: Abort) => Promise<T>,
  ): Promise<T> {
    throwIfCancelled(signal);
    try {
      return await call(signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      throw s3Error(error, operation, { bucket: this.#options.bucket, key }, signal);
    }
  }

  #at(key: string): { Bucket: string; Key: string } {
    const { bucket, prefix } = this.#options;
    return { Bucket: bucket, Key: prefix === '' ? key : `${prefix}/${key}` };
  }
}

interface Abort {
  readonly abortSignal?: AbortSignal;
}

const BATCH_DELETE_REFUSED = new Set(['MissingContentMD5', 'NotImplemented', 'MethodNotAllowed', 'InvalidRequest']);

const rangeHeader = ({ start, end }: ByteRange): string =>
  start < 0 ? `bytes=${start}` : `bytes=${start}-${end === undefined ? '' : end - 1}`;

const decodeListed = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

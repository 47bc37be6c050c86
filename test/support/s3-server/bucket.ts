/**
 * Objects and unfinished uploads of one bucket, in memory. Every method is synchronous, so a condition and its effect are one step.
 * Owns S3's rules for conditions, ETags, parts and listing order; knows no HTTP.
 */
import { createHash, randomUUID } from 'node:crypto';
import { S3Fault } from './errors.ts';

export interface StoredObject {
  readonly key: string;
  readonly bytes: Buffer;
  /** With the quotes. */
  readonly etag: string;
  readonly modified: Date;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

interface Upload {
  readonly key: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

export interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only keys behind this one. */
  readonly after: string;
  readonly maxKeys: number;
}

export interface ListPage {
  readonly objects: readonly StoredObject[];
  readonly commonPrefixes: readonly string[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

const MAX_PART_NUMBER = 10_000;
const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export class Bucket {
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();
  readonly #minPartBytes: number;

  constructor(minPartBytes: number) {
    this.#minPartBytes = minPartBytes;
  }

  get openUploads(): number {
    return this.#uploads.size;
  }

  find(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  put(key: string, bytes: Buffer, metadata: ReadonlyMap<string, string>): StoredObject {
    return this.#store(key, bytes, `"${md5(bytes).toString('hex')}"`, metadata);
  }

  delete(key: string): void {
    this.#objects.delete(key);
  }

  /** Throws the fault S3 answers when the condition does not hold now. */
  check(key: string, { ifMatch, ifNoneMatch }: Conditions): void {
    const current = this.#objects.get(key);
    if (ifNoneMatch !== undefined) {
      if (ifNoneMatch !== '*') throw new S3Fault(501, 'NotImplemented', 'If-None-Match takes * only');
      if (current !== undefined) throw new S3Fault(412, 'PreconditionFailed');
    }
    if (ifMatch === undefined) return;
    if (current === undefined) throw new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.');
    if (ifMatch !== '*' && unquoted(ifMatch) !== unquoted(current.etag)) throw new S3Fault(412, 'PreconditionFailed');
  }

  createUpload(key: string, metadata: ReadonlyMap<string, string>): string {
    const id = randomUUID();
    this.#uploads.set(id, { key, metadata, parts: new Map() });
    return id;
  }

  /** Answers the part's ETag. */
  putPart(key: string, id: string, number: number, bytes: Buffer): string {
    if (!(number >= 1 && number <= MAX_PART_NUMBER)) throw new S3Fault(400, 'InvalidArgument', 'bad part number');
    const etag = `"${md5(bytes).toString('hex')}"`;
    this.#upload(key, id).parts.set(number, { bytes, etag });
    return etag;
  }

  complete(
    key: string,
    id: string,
    named: readonly { readonly number: number; readonly etag: string }[],
    conditions: Conditions,
  ): StoredObject {
    const upload = this.#upload(key, id);
    if (named.length === 0) throw new S3Fault(400, 'MalformedXML');
    if (named.some(({ number }, index) => index > 0 && number <= (named[index - 1]?.number ?? 0)))
      throw new S3Fault(400, 'InvalidPartOrder');
    const parts = named.map(({ number, etag }, index) => {
      const part = upload.parts.get(number);
      if (part === undefined || unquoted(part.etag) !== unquoted(etag)) throw new S3Fault(400, 'InvalidPart');
      if (index < named.length - 1 && part.bytes.length < this.#minPartBytes) throw new S3Fault(400, 'EntityTooSmall');
      return part.bytes;
    });
    this.check(key, conditions);
    this.#uploads.delete(id);
    const digest = md5(Buffer.concat(parts.map(md5))).toString('hex');
    return this.#store(key, Buffer.concat(parts), `"${digest}-${parts.length}"`, upload.metadata);
  }

  abort(key: string, id: string): void {
    this.#upload(key, id);
    this.#uploads.delete(id);
  }

  list({ prefix, delimiter, after, maxKeys }: ListQuery): ListPage {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && byBytes(key, after) > 0);
    const objects: StoredObject[] = [];
    const commonPrefixes = new Set<string>();
    let last = after;
    for (const key of keys.sort(byBytes)) {
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      const group = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
      // A token that is a group stands for all keys in it.
      if (group !== undefined && (commonPrefixes.has(group) || group === after)) continue;
      if (objects.length + commonPrefixes.size >= maxKeys)
        return { objects, commonPrefixes: [...commonPrefixes], next: last };
      const object = this.#objects.get(key);
      if (group !== undefined) commonPrefixes.add(group);
      else if (object !== undefined) objects.push(object);
      last = group ?? key;
    }
    return { objects, commonPrefixes: [...commonPrefixes], next: undefined };
  }

  #store(key: string, bytes: Buffer, etag: string, metadata: ReadonlyMap<string, string>): StoredObject {
    const stored = { key, bytes, etag, modified: new Date(), metadata };
    this.#objects.set(key, stored);
    return stored;
  }

  #upload(key: string, id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload?.key !== key) throw new S3Fault(404, 'NoSuchUpload', 'The specified upload does not exist.');
    return upload;
  }
}

const unquoted = (etag: string): string => etag.replaceAll('"', '');

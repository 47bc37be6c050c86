/** What S3 and the network do to a store when they misbehave. The promises of good days are in `test/contract`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/contracts/object-store.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { RetryingStore } from '../../../src/store/retrying-store.ts';
import { type S3Connection, s3Client } from '../../../src/store/s3-client.ts';
import { S3Store } from '../../../src/store/s3-store.ts';
import { pattern, text, textAt } from '../../contract/object-store/subject.ts';
import { type RunningS3Server, startS3Server } from '../../support/s3-server/server.ts';
import { QUICK_RETRY, connectionTo } from '../../support/s3-subject.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const PART = 1_000;
const IF_ABSENT = { kind: 'if-absent' } as const;
const CONFLICT = { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' } as const;

let server: RunningS3Server;
let folder: TemporaryFolder;
let file: string;
beforeAll(async () => {
  server = await startS3Server({ minPartBytes: 1 });
  folder = await temporaryFolder();
  file = join(folder.path, 'file');
  await writeFile(file, pattern(3 * PART + 1, 1));
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

interface Overrides extends Partial<S3Connection> {
  readonly bucket?: string;
  readonly requestTimeoutMs?: number;
}

function s3({ bucket = server.bucket, requestTimeoutMs = 60_000, ...connection }: Overrides = {}): S3Store {
  return new S3Store(
    s3Client({ ...connectionTo(server), ...connection }, { requestTimeoutMs }),
    { bucket, prefix: 'wh', partSizeBytes: PART, multipartAboveBytes: PART, parallelParts: 2, partRetry: QUICK_RETRY },
    systemRuntime,
  );
}

const retrying = (): ObjectStore => new RetryingStore(s3(), systemRuntime, QUICK_RETRY);

let keys = 0;
let key: string;
beforeEach(() => {
  key = `k${++keys}`;
});
afterEach(() => server.faults.clear());

describe('a failed request', () => {
  it.each([
    { fault: { kind: 'lose-request' }, effect: 'unknown' },
    { fault: { kind: 'lose-answer' }, effect: 'unknown' },
    { fault: { kind: 'refuse', status: 500, code: 'InternalError' }, effect: 'unknown' },
    { fault: { kind: 'refuse', status: 503, code: 'SlowDown' }, effect: 'unknown' },
    { fault: { kind: 'refuse', status: 400, code: 'RequestTimeout' }, effect: 'unknown' },
    { fault: { kind: 'refuse', status: 429, code: 'TooManyRequests' }, effect: 'none' },
    { fault: CONFLICT, effect: 'none' },
  ] as const)(
    'is unavailable after $fault.kind $fault.code, with effect $effect, and sent once',
    async ({ fault, effect }) => {
      server.faults.plan('PutObject', fault);
      await expect(s3().put(key, text('x'), IF_ABSENT)).rejects.toMatchObject({
        kind: 'unavailable',
        context: { effect },
      });
      expect(server.faults.seen).toEqual(['PutObject']);
    },
  );

  it('is unavailable without effect when nobody listens', async () => {
    const dead = await startS3Server();
    await dead.stop();
    await expect(s3({ endpoint: dead.endpoint }).put(key, text('x'), IF_ABSENT)).rejects.toMatchObject({
      kind: 'unavailable',
      context: { effect: 'none', code: 'ECONNREFUSED' },
    });
  });

  it('is unavailable when the answer takes too long', async () => {
    server.faults.plan('HeadObject', { kind: 'delay', ms: 2_000 });
    await expect(s3({ requestTimeoutMs: 50 }).head(key)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('is unavailable when the bytes end early', async () => {
    await s3().put(key, pattern(100_000, 2), IF_ABSENT);
    server.faults.plan('GetObject', { kind: 'cut-answer', bytes: 40_000 });
    await expect(s3().get(key)).rejects.toMatchObject({ kind: 'unavailable' });
    expect((await s3().get(key))?.bytes).toHaveLength(100_000);
  });

  it('ends when the bytes stop coming: by the time limit, or when it is cancelled', async () => {
    await s3().put(key, pattern(100_000, 2), IF_ABSENT);
    server.faults.plan('GetObject', { kind: 'stall-answer', bytes: 40_000 }, 2);
    await expect(s3({ requestTimeoutMs: 100 }).get(key)).rejects.toMatchObject({ kind: 'unavailable' });
    const controller = new AbortController();
    const get = s3().get(key, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(get).rejects.toMatchObject({ kind: 'closed' });
  });

  it.each([
    ['a bucket that is not there', { bucket: 'no-such-bucket' }, /bucket/],
    ['the wrong region', { region: 'eu-west-1' }, /region/],
    ['an unknown key', { credentials: { accessKeyId: 'nobody', secretAccessKey: 'x' } }, /credentials/],
    ['a wrong secret', { credentials: { accessKeyId: 'sluice-test', secretAccessKey: 'x' } }, /credentials/],
  ])('is misconfigured for %s, and says what to do', async (_name, overrides: Overrides, remedy) => {
    const refused = { kind: 'misconfigured', remedy: expect.stringMatching(remedy) as string };
    const store = s3(overrides);
    await expect(store.put(key, text('x'), IF_ABSENT)).rejects.toMatchObject(refused);
    await expect(store.get(key)).rejects.toMatchObject(refused);
    await expect(store.list('')[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
    await expect(store.upload(key, file, IF_ABSENT)).rejects.toMatchObject(refused);
  });

  it.each([
    [403, 'AccessDenied', /credentials/],
    [301, 'PermanentRedirect', /region/],
    [501, 'NotImplemented', /lacks/],
  ])('is misconfigured after %i %s', async (status, code, remedy) => {
    server.faults.plan('PutObject', { kind: 'refuse', status, code });
    await expect(s3().put(key, text('x'), IF_ABSENT)).rejects.toMatchObject({
      kind: 'misconfigured',
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  it('is closed when it was cancelled while it ran', async () => {
    server.faults.plan('PutObject', { kind: 'delay', ms: 1_000 });
    const controller = new AbortController();
    const put = s3().put(key, text('x'), IF_ABSENT, controller.signal);
    setTimeout(() => controller.abort(), 20);
    await expect(put).rejects.toMatchObject({ kind: 'closed' });
  });
});

describe('a put with retries', () => {
  it('wins after a 409: a conflict is no lost race', async () => {
    server.faults.plan('PutObject', CONFLICT, 3);
    expect(await retrying().put(key, text('x'), IF_ABSENT)).toMatchObject({ kind: 'written' });
  });

  it('knows its own bytes behind a 412 when the first answer was a 500', async () => {
    server.faults.plan('PutObject', { kind: 'refuse-after-effect', status: 500, code: 'InternalError' });
    expect(await retrying().put(key, text('x'), IF_ABSENT)).toMatchObject({ kind: 'written' });
  });

  it('is not undone by its first attempt that lands late', async () => {
    server.faults.plan('PutObject', { kind: 'late' });
    const first = await retrying().put(key, text('first'), IF_ABSENT);
    if (first.kind !== 'written') throw new Error('not written');
    expect(await s3().put(key, text('second'), { kind: 'if-match', etag: first.etag })).toMatchObject({
      kind: 'written',
    });
    server.faults.land();
    expect(await textAt(s3(), key)).toBe('second');
  });
});

describe('an upload in parts', () => {
  const expectWhole = async (): Promise<void> => {
    expect(Buffer.from((await s3().get(key))?.bytes ?? []).equals(await readFile(file))).toBe(true);
    expect(server.openUploads()).toBe(0);
  };

  it('repeats single parts, not the whole', async () => {
    server.faults.plan('UploadPart', { kind: 'lose-request' }, 2);
    expect(await s3().upload(key, file, IF_ABSENT)).toMatchObject({ kind: 'written' });
    expect(server.faults.seen.filter((operation) => operation === 'CreateMultipartUpload')).toHaveLength(1);
    expect(server.faults.seen.filter((operation) => operation === 'UploadPart')).toHaveLength(4 + 2);
    await expectWhole();
  });

  it.each(['lose-answer', 'lose-request'] as const)('is ours when its last step met %s', async (kind) => {
    server.faults.plan('CompleteMultipartUpload', { kind });
    const result = await s3().upload(key, file, IF_ABSENT);
    expect(result).toEqual({ kind: 'written', etag: (await s3().head(key))?.etag });
    await expectWhole();
  });

  it('is not ours when a rival wrote while the answer to the last step was lost', async () => {
    server.faults.plan('CompleteMultipartUpload', { kind: 'lose-request' });
    server.faults.plan('CompleteMultipartUpload', { kind: 'delay', ms: 100 });
    const upload = s3().upload(key, file, IF_ABSENT);
    while (!server.faults.seen.includes('CompleteMultipartUpload')) await systemRuntime.clock.sleep(1);
    await s3().put(key, text('rival'), IF_ABSENT);
    expect(await upload).toEqual({ kind: 'lost-race' });
    expect(await textAt(s3(), key)).toBe('rival');
    expect(server.openUploads()).toBe(0);
  });

  it('is begun anew after a 409 to its last step', async () => {
    server.faults.plan('CompleteMultipartUpload', CONFLICT);
    expect(await retrying().upload(key, file, IF_ABSENT)).toMatchObject({ kind: 'written' });
    expect(server.faults.seen.filter((operation) => operation === 'CreateMultipartUpload')).toHaveLength(2);
    await expectWhole();
  });

  it('leaves nothing behind when it fails, or loses, or is cancelled', async () => {
    server.faults.plan('UploadPart', { kind: 'refuse', status: 403, code: 'AccessDenied' });
    await expect(s3().upload(key, file, IF_ABSENT)).rejects.toMatchObject({ kind: 'misconfigured' });
    expect(await s3().head(key)).toBeUndefined();
    expect(server.openUploads()).toBe(0);

    server.faults.plan('UploadPart', { kind: 'delay', ms: 500 }, 2);
    const controller = new AbortController();
    const cancelled = s3().upload(key, file, IF_ABSENT, controller.signal);
    setTimeout(() => controller.abort(), 50);
    await expect(cancelled).rejects.toMatchObject({ kind: 'closed' });
    expect(server.openUploads()).toBe(0);

    await s3().put(key, text('rival'), IF_ABSENT);
    expect(await s3().upload(key, file, IF_ABSENT)).toEqual({ kind: 'lost-race' });
    expect(server.openUploads()).toBe(0);
  });
});

describe('deleting many', () => {
  it('goes on one by one where the server wants an MD5 that the SDK does not send', async () => {
    const store = s3();
    for (const name of ['a', 'b']) await store.put(`${key}/${name}`, text('x'), IF_ABSENT);
    server.faults.plan('DeleteObjects', { kind: 'refuse', status: 400, code: 'MissingContentMD5' });
    server.faults.plan('DeleteObject', { kind: 'refuse', status: 403, code: 'AccessDenied' });
    const { failed } = await store.delete([`${key}/a`]);
    expect(failed).toEqual([{ key: `${key}/a`, cause: expect.any(String) as string }]);
    expect(await store.delete([`${key}/a`, `${key}/b`])).toEqual({ failed: [] });
    expect(server.faults.seen.filter((operation) => operation === 'DeleteObjects')).toHaveLength(1);
    expect(await store.head(`${key}/b`)).toBeUndefined();
  });
});

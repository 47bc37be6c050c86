/** The test server itself: that it refuses what S3 refuses, and that the races of the suite find out a server that decides too early. */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  CreateMultipartUploadCommand,
  CompleteMultipartUploadCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { s3Client } from '../../../src/store/s3-client.ts';
import { text } from '../../contract/object-store/subject.ts';
import { decodeBody } from '../../support/s3-server/request-body.ts';
import { type RunningS3Server, startS3Server } from '../../support/s3-server/server.ts';
import { connectionTo, s3Subject } from '../../support/s3-subject.ts';

let server: RunningS3Server;
let client: S3Client;
beforeAll(async () => {
  server = await startS3Server();
  client = s3Client({ ...connectionTo(server), checksums: 'when-supported' });
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});
afterEach(() => server.faults.clear());

describe('listing', () => {
  it('knows pages, delimiters and a start', async () => {
    for (const Key of ['l/a', 'l/b/1', 'l/b/2', 'l/c', 'l/d'])
      await client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body: Key }));
    const list = (query: object) =>
      client.send(new ListObjectsV2Command({ Bucket: server.bucket, Prefix: 'l/', ...query }));
    const first = await list({ Delimiter: '/', MaxKeys: 2 });
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['l/a']);
    expect(first.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['l/b/']);
    expect(first).toMatchObject({ IsTruncated: true, KeyCount: 2 });
    const second = await list({ Delimiter: '/', MaxKeys: 2, ContinuationToken: first.NextContinuationToken });
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['l/c', 'l/d']);
    expect(second).toMatchObject({ IsTruncated: false });
    expect((await list({ StartAfter: 'l/b/1' })).Contents?.map(({ Key }) => Key)).toEqual(['l/b/2', 'l/c', 'l/d']);
  });
});

describe('bodies', () => {
  it('come in chunks with a checksum behind them, as the SDK streams them', async () => {
    const bytes = Buffer.alloc(200_000, 'xyz');
    const Body = Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]);
    const put = { Bucket: server.bucket, Key: 'streamed', Body, ContentLength: bytes.length };
    await client.send(new PutObjectCommand(put));
    const found = await client.send(new GetObjectCommand({ Bucket: server.bucket, Key: 'streamed' }));
    expect(Buffer.from((await found.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
  });

  it.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)('are checked by %s', async (ChecksumAlgorithm) => {
    const put = { Bucket: server.bucket, Key: 'summed', Body: 'content', ChecksumAlgorithm };
    await client.send(new PutObjectCommand(put));
    const wrong = { [`Checksum${ChecksumAlgorithm}`]: 'AAAAAA==' };
    await expect(client.send(new PutObjectCommand({ ...put, ...wrong }))).rejects.toMatchObject({ name: 'BadDigest' });
  });

  const chunked = {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '5',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  it.each([
    ['a wrong checksum behind', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest'],
    ['a missing checksum', '5\r\nhello\r\n0\r\n\r\n', 'MalformedTrailerError'],
    ['a cut chunk', '5\r\nhel', 'IncompleteBody'],
    ['no last chunk', '5\r\nhello\r\n', 'IncompleteBody'],
    ['fewer bytes than announced', '4\r\nhell\r\n0\r\nx-amz-checksum-crc32:8q7HOg==\r\n\r\n', 'IncompleteBody'],
  ])('are refused for %s', (_name, body, code) => {
    expect(() => decodeBody(Buffer.from(body), chunked)).toThrow(expect.objectContaining({ code }));
  });

  it('are taken apart to the byte', () => {
    const body = '2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
    expect(decodeBody(Buffer.from(body), chunked).toString()).toBe('hello');
  });
});

describe('signatures', () => {
  it('are needed', async () => {
    const answer = await fetch(`${server.endpoint}/${server.bucket}/k`, { method: 'PUT', body: 'x' });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('<Code>AccessDenied</Code>');
  });

  it('cover path, query, headers and body', async () => {
    const signed = await capture();
    const send = (changes: Partial<Captured>): Promise<number> => replay({ ...signed, ...changes });
    expect(await send({})).toBe(200);
    expect(await send({ path: signed.path.replace('captured', 'other') })).toBe(403);
    expect(await send({ path: `${signed.path}&versionId=1` })).not.toBe(200);
    expect(await send({ headers: { ...signed.headers, 'x-amz-meta-a': 'changed' } })).toBe(403);
    expect(await send({ headers: { ...signed.headers, 'x-amz-meta-b': 'added' } })).toBe(403);
    expect(await send({ headers: { ...signed.headers, 'x-amz-date': '20200101T000000Z' } })).toBe(403);
    expect(await send({ body: 'the forged body' })).toBe(400);
  });
});

describe('buckets and parts', () => {
  it('answer as S3 does to what is not there or too small', async () => {
    await expect(client.send(new HeadBucketCommand({ Bucket: 'absent' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
    const at = { Bucket: server.bucket, Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
    const Parts = [];
    for (const PartNumber of [1, 2]) {
      const { ETag } = await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body: 'small' }));
      Parts.push({ PartNumber, ETag });
    }
    const complete = (MultipartUpload: object) =>
      client.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }));
    await expect(complete({ Parts })).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await expect(complete({ Parts: Parts.toReversed() })).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete({ Parts: [{ PartNumber: 1, ETag: '"0"' }] })).rejects.toMatchObject({ name: 'InvalidPart' });
  });

  it('refuse operations that are not there, instead of taking them for others', async () => {
    const status = await replay({ ...(await capture()), method: 'PUT', path: `/${server.bucket}/captured?tagging` });
    expect(status).toBe(501);
  });
});

describe('a server that looks at conditions before the body has come', () => {
  it('lets several writers win behind the gate: the suite would find it out', async () => {
    const subject = await s3Subject(await startS3Server({ conditions: 'before-body' }));
    const gate = subject.gate(20);
    const racing = gate.stores.map((store, racer) => store.put('k', text(`${racer}`), { kind: 'if-absent' }));
    await gate.full();
    gate.release();
    const winners = (await Promise.all(racing)).filter(({ kind }) => kind === 'written');
    expect(winners.length).toBeGreaterThan(1);
    await subject.close();
  });
});

describe('a connection that ends in the middle of a request', () => {
  it('leaves nothing behind', async () => {
    const { method, path, headers } = await capture('cut');
    const socket = connect(Number(new URL(server.endpoint).port), '127.0.0.1');
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\nhalf`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await expect(client.send(new GetObjectCommand({ Bucket: server.bucket, Key: 'cut' }))).rejects.toMatchObject({
      name: 'NoSuchKey',
    });
  });
});

interface Captured {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A signed put, taken from the SDK instead of being sent. */
async function capture(Key = 'captured'): Promise<Captured> {
  const taken = Promise.withResolvers<Captured>();
  const handle = async (request: Captured & { query: Record<string, string> }): Promise<never> => {
    const query = new URLSearchParams(request.query).toString();
    taken.resolve({ ...request, path: query === '' ? request.path : `${request.path}?${query}` });
    throw new Error('not sent');
  };
  const requestHandler = { handle, destroy: () => undefined };
  const capturing = s3Client(connectionTo(server), { requestHandler: requestHandler as never });
  const put = { Bucket: server.bucket, Key, Body: 'the signed body', Metadata: { a: '1' } };
  await capturing.send(new PutObjectCommand(put)).catch(() => undefined);
  return taken.promise;
}

function replay({ method, path, headers, body }: Captured): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = new URL(server.endpoint);
    const outgoing = httpRequest(
      {
        host: url.hostname,
        port: url.port,
        method,
        path,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

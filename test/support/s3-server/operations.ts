/** From a request with its whole body to an answer, for one bucket. Synchronous: what a condition saw is what the effect meets. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Bucket, StoredObject } from './bucket.ts';
import { S3Fault } from './errors.ts';
import type { S3Operation } from './faults.ts';
import { blocksOf, textsOf, xml } from './xml.ts';

export interface S3Request {
  readonly operation: S3Operation;
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The operation a request means; undefined when this server does not know it. */
export function operationOf(method: string, key: string, query: URLSearchParams): S3Operation | undefined {
  const upload = query.has('uploadId');
  if (key === '') {
    if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
    if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
    if (method === 'PUT' && !hasSubresource(query)) return 'CreateBucket';
    return method === 'HEAD' ? 'HeadBucket' : undefined;
  }
  switch (method) {
    case 'PUT':
      if (upload && query.has('partNumber')) return 'UploadPart';
      return hasSubresource(query) ? undefined : 'PutObject';
    case 'POST':
      if (upload) return 'CompleteMultipartUpload';
      return query.has('uploads') ? 'CreateMultipartUpload' : undefined;
    case 'DELETE':
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'HEAD':
      return 'HeadObject';
    case 'GET':
      return upload || hasSubresource(query) ? undefined : 'GetObject';
    default:
      return undefined;
  }
}

/** Only the SDK's own marker may stand in the query of a plain call: `?versioning`, `?acl` … are not known here. */
const hasSubresource = (query: URLSearchParams): boolean => [...query.keys()].some((name) => name !== 'x-id');

/** `ignoreConditions`: for trying what notices a server that does. */
export function perform(bucket: Bucket, request: S3Request, ignoreConditions: boolean): S3Answer {
  const { key, query, headers, body } = request;
  const conditions = ignoreConditions ? {} : conditionsOf(headers);
  switch (request.operation) {
    case 'PutObject': {
      bucket.check(key, conditions);
      return { status: 200, headers: { etag: bucket.put(key, body, metadataOf(headers)).etag } };
    }
    case 'GetObject':
      return read(bucket, key, headers.range);
    case 'HeadObject': {
      const { body: bytes, ...answer } = read(bucket, key, undefined);
      return { ...answer, headers: { ...answer.headers, 'content-length': String(bytes?.length ?? 0) } };
    }
    case 'DeleteObject':
      bucket.delete(key);
      return { status: 204 };
    case 'DeleteObjects':
      return deleteMany(bucket, headers, body);
    case 'ListObjectsV2':
      return list(bucket, request);
    case 'CreateMultipartUpload': {
      const id = bucket.createUpload(key, metadataOf(headers));
      return xmlAnswer('InitiateMultipartUploadResult', [
        ['Bucket', request.bucketName],
        ['Key', key],
        ['UploadId', id],
      ]);
    }
    case 'UploadPart': {
      const etag = bucket.putPart(key, query.get('uploadId') ?? '', Number(query.get('partNumber')), body);
      return { status: 200, headers: { etag } };
    }
    case 'CompleteMultipartUpload': {
      const parts = blocksOf(body.toString(), 'Part').map((part) => ({
        number: Number(textsOf(part, 'PartNumber')[0]),
        etag: textsOf(part, 'ETag')[0] ?? '',
      }));
      const { etag } = bucket.complete(key, query.get('uploadId') ?? '', parts, conditions);
      return xmlAnswer('CompleteMultipartUploadResult', [
        ['Bucket', request.bucketName],
        ['Key', key],
        ['ETag', etag],
      ]);
    }
    case 'AbortMultipartUpload':
      bucket.abort(key, query.get('uploadId') ?? '');
      return { status: 204 };
    case 'CreateBucket':
    case 'HeadBucket':
      return { status: 200 };
  }
}

export const conditionsOf = (headers: IncomingHttpHeaders): { ifMatch?: string; ifNoneMatch?: string } => ({
  ...(headers['if-match'] === undefined ? {} : { ifMatch: headers['if-match'] }),
  ...(headers['if-none-match'] === undefined ? {} : { ifNoneMatch: headers['if-none-match'] }),
});

function metadataOf(headers: IncomingHttpHeaders): Map<string, string> {
  return new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-amz-meta-') && typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}

function read(bucket: Bucket, key: string, rangeHeader: string | undefined): S3Answer & { readonly body: Buffer } {
  const found = bucket.find(key);
  if (found === undefined) throw new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.');
  const headers = {
    etag: found.etag,
    'last-modified': found.modified.toUTCString(),
    'content-type': 'binary/octet-stream',
    'accept-ranges': 'bytes',
    ...Object.fromEntries(found.metadata),
  };
  const match = /^bytes=(\d*)-(\d*)$/.exec(rangeHeader ?? '');
  if (match === null) return { status: 200, headers, body: found.bytes };
  const { start, end } = rangeOf(found, match[1] ?? '', match[2] ?? '');
  const range = { 'content-range': `bytes ${start}-${end - 1}/${found.bytes.length}` };
  return { status: 206, headers: { ...headers, ...range }, body: found.bytes.subarray(start, end) };
}

function rangeOf({ bytes }: StoredObject, first: string, last: string): { start: number; end: number } {
  const size = bytes.length;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start >= size || start >= end) throw new S3Fault(416, 'InvalidRange', 'The requested range is not satisfiable');
  return { start, end };
}

function deleteMany(bucket: Bucket, headers: IncomingHttpHeaders, body: Buffer): S3Answer {
  const announced = Object.keys(headers).some((name) => name === 'content-md5' || name.startsWith('x-amz-checksum-'));
  if (!announced) throw new S3Fault(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5');
  const keys = textsOf(body.toString(), 'Key');
  if (keys.length === 0 || keys.length > 1000) throw new S3Fault(400, 'MalformedXML');
  for (const key of keys) bucket.delete(key);
  const quiet = textsOf(body.toString(), 'Quiet')[0] === 'true';
  return xmlAnswer('DeleteResult', quiet ? [] : keys.map((key) => ['Deleted', [['Key', key]]] as const));
}

function list(bucket: Bucket, { bucketName, query }: S3Request): S3Answer {
  const url = query.get('encoding-type') === 'url';
  const shown = (key: string): string =>
    url ? encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+') : key;
  const token = query.get('continuation-token');
  const maxKeys = Math.min(1000, Number(query.get('max-keys') ?? 1000));
  const prefix = query.get('prefix') ?? '';
  const page = bucket.list({
    prefix,
    delimiter: query.get('delimiter') ?? '',
    after: token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString(),
    maxKeys,
  });
  return xmlAnswer('ListBucketResult', [
    ['Name', bucketName],
    ['Prefix', shown(prefix)],
    ['KeyCount', page.objects.length + page.commonPrefixes.length],
    ['MaxKeys', maxKeys],
    ...(url ? [['EncodingType', 'url'] as const] : []),
    ['IsTruncated', String(page.next !== undefined)],
    ...(page.next === undefined
      ? []
      : [['NextContinuationToken', Buffer.from(page.next).toString('base64url')] as const]),
    ...page.objects.map(
      ({ key, bytes, etag, modified }) =>
        [
          'Contents',
          [
            ['Key', shown(key)],
            ['LastModified', modified.toISOString()],
            ['ETag', etag],
            ['Size', bytes.length],
            ['StorageClass', 'STANDARD'],
          ],
        ] as const,
    ),
    ...page.commonPrefixes.map((group) => ['CommonPrefixes', [['Prefix', shown(group)]]] as const),
  ]);
}

const xmlAnswer = (root: string, entries: Parameters<typeof xml>[1]): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: xml(root, entries),
});

/**
 * Checks AWS Signature Version 4 in the Authorization header. Owns who signed and whether head and body hash fit; the body itself is
 * checked by `request-body.ts`. Presigned URLs are not understood.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Fault } from './errors.ts';

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

const MAX_SKEW_MS = 15 * 60_000;
const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** Throws what S3 answers to a request that is unsigned, signed by another, for another region, too old, or changed on the way. */
export function checkSignature(request: IncomingMessage, url: URL, signer: Signer): void {
  const authorization = request.headers.authorization ?? '';
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (match === null) throw new S3Fault(403, 'AccessDenied', 'the request is not signed');
  const [, accessKeyId = '', day = '', region = '', signedHeaders = '', signature = ''] = match;
  if (accessKeyId !== signer.accessKeyId) throw new S3Fault(403, 'InvalidAccessKeyId');
  if (region !== signer.region)
    throw new S3Fault(
      400,
      'AuthorizationHeaderMalformed',
      `the region '${region}' is wrong; expecting '${signer.region}'`,
    );
  const names = signedHeaders.split(';');
  const at = header(request, 'x-amz-date');
  if (!at.startsWith(day) || Math.abs(timeOf(at) - Date.now()) > MAX_SKEW_MS)
    throw new S3Fault(403, 'RequestTimeTooSkewed');
  const unsigned = Object.keys(request.headers).find((name) => name.startsWith('x-amz-') && !names.includes(name));
  if (unsigned !== undefined || !names.includes('host'))
    throw new S3Fault(403, 'AccessDenied', `not signed: ${unsigned ?? 'host'}`);
  const canonical = [
    request.method ?? '',
    url.pathname
      .split('/')
      .map((part) => encode(decodeURIComponent(part)))
      .join('/'),
    canonicalQuery(url),
    ...names.map((name) => `${name}:${header(request, name).trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders,
    header(request, 'x-amz-content-sha256'),
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${signer.secretAccessKey}`, day), region), 's3'), 'aws4_request');
  const expected = hmac(key, `AWS4-HMAC-SHA256\n${at}\n${scope}\n${sha256(canonical)}`);
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) throw new S3Fault(403, 'SignatureDoesNotMatch');
}

function canonicalQuery(url: URL): string {
  const pairs = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value.join('=')))}`;
    });
  return pairs.sort((a, b) => (a < b ? -1 : 1)).join('&');
}

const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

/** `20261124T203733Z` */
const timeOf = (at: string): number =>
  Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/**
 * The bytes of a request as the client meant them: takes aws-chunked framing apart and checks every length, hash and checksum that was
 * announced, in header or trailer. Chunk signatures (STREAMING-AWS4-HMAC-…) are refused: the SDK does not send them.
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { S3Fault } from './errors.ts';

/** Throws what S3 answers to bytes that are not what was announced. */
export function decodeBody(raw: Buffer, headers: IncomingHttpHeaders): Buffer {
  const declared = headers['x-amz-content-sha256'];
  if (
    typeof declared === 'string' &&
    declared.startsWith('STREAMING-') &&
    declared !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  )
    throw new S3Fault(501, 'NotImplemented', declared);
  if (typeof declared === 'string' && /^[0-9a-f]{64}$/.test(declared) && digest('sha256', raw, 'hex') !== declared)
    throw new S3Fault(400, 'XAmzContentSHA256Mismatch');
  const md5 = headers['content-md5'];
  if (typeof md5 === 'string' && digest('md5', raw, 'base64') !== md5) throw new S3Fault(400, 'BadDigest');
  const chunked = (headers['content-encoding'] ?? '').split(',').some((coding) => coding.trim() === 'aws-chunked');
  const { bytes, trailers } = chunked ? unchunk(raw) : { bytes: raw, trailers: new Map<string, string>() };
  const length = headers['x-amz-decoded-content-length'];
  if (length !== undefined && Number(length) !== bytes.length) throw new S3Fault(400, 'IncompleteBody');
  for (const name of String(headers['x-amz-trailer'] ?? '')
    .split(',')
    .filter((text) => text !== ''))
    if (!trailers.has(name.trim())) throw new S3Fault(400, 'MalformedTrailerError');
  const announced = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  for (const [name, value] of [...announced, ...trailers]) checkSum(name, value, bytes);
  return bytes;
}

function unchunk(raw: Buffer): { bytes: Buffer; trailers: Map<string, string> } {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = raw.indexOf('\r\n', at);
    const size = /^([0-9a-fA-F]+)(;.*)?$/.exec(end < 0 ? '' : raw.toString('latin1', at, end))?.[1];
    if (size === undefined) throw new S3Fault(400, 'IncompleteBody', 'chunk without a size');
    const length = Number.parseInt(size, 16);
    at = end + 2;
    if (length === 0) return { bytes: Buffer.concat(chunks), trailers: trailersIn(raw.toString('latin1', at)) };
    if (raw.toString('latin1', at + length, at + length + 2) !== '\r\n')
      throw new S3Fault(400, 'IncompleteBody', 'cut chunk');
    chunks.push(raw.subarray(at, at + length));
    at += length + 2;
  }
}

function trailersIn(text: string): Map<string, string> {
  const trailers = new Map<string, string>();
  for (const line of text.split('\r\n').filter((part) => part !== '')) {
    const colon = line.indexOf(':');
    if (colon < 0) throw new S3Fault(400, 'MalformedTrailerError');
    trailers.set(line.slice(0, colon).toLowerCase().trim(), line.slice(colon + 1).trim());
  }
  return trailers;
}

function checkSum(name: string, value: string, bytes: Buffer): void {
  const computed = CHECKSUMS[name]?.(bytes);
  if (computed !== undefined && computed !== value)
    throw new S3Fault(400, 'BadDigest', `${name} does not fit the body`);
}

/** CRC64NVME is accepted unchecked: Node has no implementation of it. */
const CHECKSUMS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  'x-amz-checksum-crc32': (bytes) => crcBase64(crc32(bytes)),
  'x-amz-checksum-crc32c': (bytes) => crcBase64(crc32c(bytes)),
  'x-amz-checksum-sha1': (bytes) => digest('sha1', bytes, 'base64'),
  'x-amz-checksum-sha256': (bytes) => digest('sha256', bytes, 'base64'),
};

function crcBase64(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

const digest = (algorithm: string, bytes: Buffer, encoding: 'hex' | 'base64'): string =>
  createHash(algorithm).update(bytes).digest(encoding);

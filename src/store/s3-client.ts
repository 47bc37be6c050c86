/** How an S3 server is reached, and the client for it. One attempt a call: what to repeat is decided by our own retries. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3Connection {
  /** Absent: AWS. */
  readonly endpoint?: string;
  readonly region: string;
  /** `http://host/bucket/key` rather than `http://bucket.host/key`. */
  readonly pathStyle: boolean;
  /** Absent: the provider chain (environment, shared file, container, instance role). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** `when-required` for other makes than AWS: several refuse checksums they do not know. */
  readonly checksums: 'when-supported' | 'when-required';
  /** Files above this size go in parts of it. At least 5 MiB on most servers; a few parts of a file are in memory at a time. */
  readonly partBytes: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 64;

export interface ClientOptions {
  /** For one request, and for silence within an answer. */
  readonly requestTimeoutMs?: number;
  /** Replaces the HTTP layer; tests hold back or lose messages there. */
  readonly requestHandler?: S3ClientConfig['requestHandler'];
}

export function s3Client(connection: S3Connection, options: ClientOptions = {}): S3Client {
  const { endpoint, region, pathStyle, credentials, checksums } = connection;
  const checksumMode = checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  const timeout = options.requestTimeoutMs ?? 60_000;
  const agent = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: pathStyle,
    maxAttempts: 1,
    requestChecksumCalculation: checksumMode,
    responseChecksumValidation: checksumMode,
    requestHandler: options.requestHandler ?? {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: timeout,
      throwOnRequestTimeout: true,
      socketTimeout: timeout,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

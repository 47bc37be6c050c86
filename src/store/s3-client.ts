/** Settings of an S3 store and the client they make. One attempt a call: what to repeat is decided by our own retries. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3Settings {
  readonly kind: 's3';
  readonly bucket: string;
  /** No slash at either end; absent or empty: the whole bucket. */
  readonly prefix?: string;
  /** Absent: AWS. */
  readonly endpoint?: string;
  /** Absent: environment or shared file; `us-east-1` with an endpoint of one's own. */
  readonly region?: string;
  /** Absent: as the endpoint needs it: virtual hosts on AWS, paths elsewhere. */
  readonly pathStyle?: boolean;
  /** Absent: the provider chain (environment, shared file, container, instance role). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Absent: `when-supported` on AWS, `when-required` elsewhere, because several other makes refuse what they do not know. */
  readonly checksums?: 'when-supported' | 'when-required';
  /** Files above this size go in parts of it. At least 5 MiB on most servers. */
  readonly partSizeBytes?: number;
  /** Parts of one file in flight; memory for uploads is this times the part size. */
  readonly parallelParts?: number;
  readonly connectTimeoutMs?: number;
  /** For one request, and for silence within an answer. */
  readonly requestTimeoutMs?: number;
  readonly maxConnections?: number;
}

const isAws = (endpoint: string | undefined): boolean =>
  endpoint === undefined || /\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);

/** `requestHandler` replaces the HTTP layer; tests hold back or lose messages there. */
export function s3Client(settings: S3Settings, requestHandler?: S3ClientConfig['requestHandler']): S3Client {
  const aws = isAws(settings.endpoint);
  const checksums = settings.checksums ?? (aws ? 'when-supported' : 'when-required');
  const checksumMode = checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  const region = settings.region ?? (aws ? undefined : 'us-east-1');
  const timeout = settings.requestTimeoutMs ?? 60_000;
  const agent = { keepAlive: true, maxSockets: settings.maxConnections ?? 64 };
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    forcePathStyle: settings.pathStyle ?? !aws,
    maxAttempts: 1,
    requestChecksumCalculation: checksumMode,
    responseChecksumValidation: checksumMode,
    requestHandler: requestHandler ?? {
      connectionTimeout: settings.connectTimeoutMs ?? 5_000,
      requestTimeout: timeout,
      throwOnRequestTimeout: true,
      socketTimeout: timeout,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

/**
 * What S3's answers and the network's failures mean to a store. Owns the mapping only.
 *
 * `unavailable` errors carry `effect` in their context: `none` when the request certainly changed nothing, `unknown` otherwise.
 */
import { type ErrorContext, SluiceError, isSluiceError, messageOf } from '../core/errors.ts';
import { cancelled } from './cancel.ts';

interface S3Fault {
  readonly name: string;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Error number of the socket or the resolver. */
  readonly code: string | undefined;
}

export function faultOf(error: unknown): S3Fault {
  const { name, $metadata, code } = error as {
    name?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    name: typeof name === 'string' ? name : '',
    status: $metadata?.httpStatusCode,
    code: typeof code === 'string' ? code : undefined,
  };
}

/** The write's condition did not hold when the server decided. */
export const isLostRace = (error: unknown, conditional: 'if-absent' | 'if-match' | 'always'): boolean => {
  const { status, name } = faultOf(error);
  if (conditional === 'always') return false;
  if (status === 412) return true;
  // A missing key answers If-Match with 404.
  return conditional === 'if-match' && status === 404 && name !== 'NoSuchBucket' && name !== 'NoSuchUpload';
};

/** The object is not there. (HEAD has no body, so a missing bucket looks the same; the start-up probe tells them apart.) */
export const isAbsentObject = (error: unknown): boolean => {
  const { status, name } = faultOf(error);
  return status === 404 && name !== 'NoSuchBucket';
};

export function s3Error(error: unknown, operation: string, context: ErrorContext, signal?: AbortSignal): SluiceError {
  if (isSluiceError(error)) return error;
  if (signal?.aborted === true) return cancelled(error);
  const { name, status, code } = faultOf(error);
  const message = `${operation} failed: ${messageOf(error)}`;
  const facts = { ...context, error: name, status, code };
  const unavailable = (effect: 'none' | 'unknown'): SluiceError =>
    new SluiceError('unavailable', message, { context: { ...facts, effect }, cause: error });
  const advice = misconfiguration(name, status, code, messageOf(error));
  if (advice !== undefined)
    return new SluiceError('misconfigured', message, { context: facts, remedy: advice, cause: error });
  if (status === 409 || status === 429 || NEVER_SENT.has(code ?? '')) return unavailable('none');
  // 5xx, timeouts, resets, cut and unreadable answers: the request may have been carried out.
  if (status !== undefined || code !== undefined || LOST_ANSWER.has(name)) return unavailable('unknown');
  return new SluiceError('internal', message, { context: facts, cause: error });
}

const LOST_ANSWER = new Set(['TimeoutError', 'AbortError', 'SyntaxError', 'IncompleteBodyError']);

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** 400s that mean a damaged or slow transfer, not a wrong request. */
const TRANSIENT = new Set(['RequestTimeout', 'IncompleteBody', 'BadDigest', 'XAmzContentChecksumMismatch']);

/** What an operator should do; undefined when trying again may help. */
function misconfiguration(
  name: string,
  status: number | undefined,
  code: string | undefined,
  message: string,
): string | undefined {
  if (name === 'NoSuchBucket') return 'Create the bucket, or correct its name in the warehouse URI.';
  if (name === 'CredentialsProviderError')
    return 'Give credentials: environment, shared file, instance role, or the store settings.';
  if (message.startsWith('Region is missing')) return 'Set the region of the bucket in the store settings.';
  if (name === 'RequestTimeTooSkewed') return "Set this machine's clock: it differs from the server's by too much.";
  if (code !== undefined && /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code))
    return 'Check the endpoint and its certificate, or name the authority in NODE_EXTRA_CA_CERTS.';
  if (status === undefined || status === 408 || status === 409 || status === 429 || TRANSIENT.has(name))
    return undefined;
  if (status >= 300 && status < 400)
    return 'The bucket is in another region or behind another endpoint: correct region and endpoint.';
  if (name === 'AuthorizationHeaderMalformed' || name === 'IllegalLocationConstraintException')
    return 'The region is wrong for this bucket: correct it in the store settings.';
  if (status === 401 || status === 403)
    return 'Check the credentials, and that they allow s3:GetObject, PutObject, DeleteObject, ListBucket and AbortMultipartUpload here.';
  if (status === 501)
    return 'This server lacks an operation Sluice needs, such as conditional writes: use another one.';
  if (status >= 400 && status < 500)
    return 'The server refuses the request: check endpoint, pathStyle and checksums in the store settings.';
  return undefined;
}

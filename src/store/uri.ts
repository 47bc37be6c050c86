/**
 * The one place where URIs and keys meet. A store root is a bucket with a prefix, or a local folder; a URI is a root and a key.
 * `s3://`, `s3a://`, `s3n://`, `s3p://` are one identity, as are `file:/x` and `file:///x`. Does not open stores.
 *
 * Keys stand in URIs literally: `%20` is three characters, a space is a space. Iceberg's own readers do not decode either
 * (Java S3FileIO, PyIceberg, DuckDB), so a decoded or encoded path would name another object.
 */
import { SluiceError } from '../core/errors.ts';
import { checkKey } from './keys.ts';

interface RootIdentity {
  /** Canonical, no trailing slash: `s3://bucket`, `s3://bucket/prefix`, `file:///folder`. Equal roots have equal URIs. */
  readonly uri: string;
}

export type StoreRoot =
  | (RootIdentity & {
      readonly kind: 's3';
      readonly bucket: string;
      /** No slash at either end; may be empty. */ readonly prefix: string;
    })
  | (RootIdentity & { readonly kind: 'local'; /** Absolute, no trailing slash. */ readonly path: string });

/** Throws kind `misconfigured` for any other scheme, a relative path, or a URI that engines read differently. */
export function parseRoot(uri: string): StoreRoot {
  const canonical = canonicalUri(uri).replace(/\/+$/, '');
  if (canonical.startsWith('file:')) {
    const path = canonical.slice('file://'.length);
    if (path === '')
      throw refused(
        uri,
        'names the root of the file system',
        'Name a folder, such as file:///var/lib/sluice/warehouse.',
      );
    refuseAmbiguous(uri, path);
    return { kind: 'local', uri: canonical, path };
  }
  const [bucket = '', ...rest] = canonical.slice('s3://'.length).split('/');
  const prefix = rest.join('/');
  if (prefix !== '') checkNames(uri, prefix);
  refuseAmbiguous(uri, prefix);
  return { kind: 's3', uri: canonical, bucket, prefix };
}

/**
 * One spelling for each object: equal URIs name equal objects. Throws as `parseRoot` does.
 * A trailing slash is kept for S3, where it is part of the key.
 */
export function canonicalUri(uri: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case 's3':
    case 's3a':
    case 's3n':
    case 's3p':
      return canonicalS3(uri, uri.slice(scheme.length + 1));
    case 'file':
      return canonicalFile(uri, uri.slice('file:'.length));
    case undefined:
      throw refused(uri, 'has no scheme', 'Write file:///absolute/folder or s3://bucket/prefix.');
    default:
      throw refused(
        uri,
        `has the unsupported scheme ${scheme}:`,
        'Supported are file:///absolute/folder and s3://bucket/prefix.',
      );
  }
}

function canonicalS3(uri: string, rest: string): string {
  const match = /^\/\/([^/]*)(\/.*)?$/s.exec(rest);
  const bucket = match?.[1] ?? '';
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw refused(
      uri,
      `has no valid bucket name (${JSON.stringify(bucket)})`,
      'Write s3://bucket/prefix, the bucket in 3 to 63 lower-case letters, digits, dots and hyphens.',
    );
  return `s3://${bucket}${match?.[2] ?? ''}`;
}

function canonicalFile(uri: string, rest: string): string {
  const path = /^(?:\/\/)?(\/(?:[^/].*)?)$/s.exec(rest)?.[1];
  if (path === undefined)
    throw refused(
      uri,
      'is not an absolute path on this machine',
      'Write file:///absolute/folder (three slashes, no host).',
    );
  const collapsed = path.replaceAll(/\/{2,}/g, '/');
  const names = collapsed.replace(/^\//, '').replace(/\/$/, '');
  if (names !== '') checkNames(uri, names);
  return `file://${collapsed}`;
}

/** Throws kind `misconfigured` when the URI does not lie under the root; `s3://b/wh2/x` does not lie under `s3://b/wh`. */
export function keyOf(root: StoreRoot, uri: string): string {
  const canonical = canonicalUri(uri);
  if (!canonical.startsWith(`${root.uri}/`))
    throw new SluiceError('misconfigured', `location ${uri} lies outside the warehouse ${root.uri}`, {
      context: { uri, root: root.uri },
      remedy: 'Add a store that covers the location, or move the table into the warehouse.',
    });
  const key = canonical.slice(root.uri.length + 1);
  checkKey(key);
  return key;
}

/** The canonical URI of a key, to be written into metadata. */
export function uriOf(root: StoreRoot, key: string): string {
  checkKey(key);
  return `${root.uri}/${key}`;
}

function checkNames(uri: string, path: string): void {
  try {
    checkKey(path);
  } catch (error) {
    throw refused(
      uri,
      'has a path that is no plain list of names',
      'Remove empty, "." and ".." segments and control characters.',
      error,
    );
  }
}

/** Java's S3FileIO cuts a location at ? or #: what we wrote behind them it would look for elsewhere. */
function refuseAmbiguous(uri: string, path: string): void {
  if (/[?#]/.test(path)) throw refused(uri, 'has ? or # in its path', 'Choose a path without these characters.');
}

const refused = (uri: string, fault: string, remedy: string, cause?: unknown): SluiceError =>
  new SluiceError('misconfigured', `location ${JSON.stringify(uri)} ${fault}`, { context: { uri }, remedy, cause });

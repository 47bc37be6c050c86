/** What the operating system's error codes mean to a store. Owns the mapping only. */
import { SluiceError, isSluiceError, messageOf } from '../core/errors.ts';

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Nothing is at this path as an object: neither the file, nor a folder on the way to it. */
export const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');

/** Full disks and I/O errors may pass (`unavailable`); permissions and mounts do not (`misconfigured`). */
export function localError(error: unknown, operation: string, path: string): SluiceError {
  if (isSluiceError(error)) return error;
  const code = codeOf(error);
  const options = { context: { path, code }, cause: error };
  const message = `${operation} ${path} failed: ${messageOf(error)}`;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new SluiceError('misconfigured', message, {
        ...options,
        remedy: 'Give the user that runs the daemon read and write rights on the warehouse folder.',
      });
    case 'EXDEV':
      return new SluiceError('misconfigured', message, {
        ...options,
        remedy: 'Keep the whole warehouse folder on one file system: no mounts inside it.',
      });
    case 'ENAMETOOLONG':
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTDIR':
      return new SluiceError('invalid-input', message, {
        ...options,
        remedy: 'On local files a name has at most 255 bytes, and an object cannot have the name of a folder.',
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new SluiceError('unavailable', message, {
        ...options,
        remedy: 'Free space on the volume of the warehouse.',
      });
    case undefined:
    default:
      return new SluiceError('unavailable', message, options);
  }
}

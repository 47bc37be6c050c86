/** Certificate, key and client authorities from their files, checked as a whole before a server is given them. Does not watch them. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { SluiceError, messageOf } from '../core/errors.ts';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string;
}

/** Throws kind `misconfigured` when a file cannot be read, is no PEM, or the key is not the certificate's. */
export function readTlsFiles({ certFile, keyFile, clientCaFile }: TlsFiles): SecureContextOptions {
  const context: SecureContextOptions = {
    cert: readPem(certFile),
    key: readPem(keyFile),
    ...(clientCaFile === undefined ? {} : { ca: readPem(clientCaFile) }),
  };
  try {
    createSecureContext(context);
  } catch (error) {
    throw new SluiceError('misconfigured', `the TLS files do not work together: ${messageOf(error)}`, {
      remedy: `${certFile} is a certificate with its chain and ${keyFile} its unencrypted key, both PEM`,
      cause: error,
    });
  }
  return context;
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new SluiceError('misconfigured', `the TLS file ${path} cannot be read: ${messageOf(error)}`, {
      remedy: 'name existing files in server.tls, and let the user of the daemon read them',
      cause: error,
    });
  }
}

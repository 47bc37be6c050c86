/**
 * The file that holds the API keys: YAML (JSON is YAML too), hashes only, readable by its owner alone. Owns its form, reading, and changing it
 * so that a crash leaves the old file or the new one. Does not watch it.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { SluiceError, messageOf } from '../core/errors.ts';
import { SCOPE_RULE, formatScope, parseScope } from '../record/scopes.ts';
import type { ApiKey } from './api-key.ts';
import { giveToOwnerOfFolder } from './owner.ts';

const time = z.iso
  .datetime({ message: 'expected a time such as 2026-11-25T10:00:00Z' })
  .transform((text) => Date.parse(text));
const hexOf = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `expected ${bytes} bytes in hex`);
const positive = z.int('expected a whole number').positive('expected a number above 0');
const secret = { salt: hexOf(16), hash: hexOf(32) };

const scope = z.string().transform((text, context) => {
  const parsed = parseScope(text);
  if (parsed !== undefined) return parsed;
  context.issues.push({ code: 'custom', message: `expected ${SCOPE_RULE}`, input: text });
  return z.NEVER;
});

const fileSchema = z.strictObject({
  version: z.literal(1, 'expected 1'),
  keys: z.array(
    z.strictObject({
      id: hexOf(6),
      name: z.string().optional(),
      scopes: z.array(scope),
      ...secret,
      previous: z.strictObject({ ...secret, until: time }).optional(),
      created: time,
      expires: time.optional(),
      revoked: time.optional(),
      limits: z
        .strictObject({
          requests_per_second: positive.optional(),
          bytes_per_second: positive.optional(),
          requests_in_flight: positive.optional(),
        })
        .optional(),
    }),
  ),
});

/** Throws kind `misconfigured` for a file that cannot be read or understood. Undefined: there is none. */
export function readKeyFile(path: string): readonly ApiKey[] | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
    throw new SluiceError('misconfigured', `the keys file ${path} cannot be read: ${messageOf(error)}`, {
      remedy: 'let the user of the daemon read it, or name another with auth.keys_file',
      cause: error,
    });
  }
  return parseKeys(text, path);
}

function parseKeys(text: string, path: string): readonly ApiKey[] {
  const refuse = (why: string): SluiceError =>
    new SluiceError('misconfigured', `the keys file ${path} is not valid: ${why}`, {
      remedy: 'mend it, or restore it from a copy; `sluice keys` writes it',
    });
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    throw refuse(messageOf(error).split('\n')[0] ?? '');
  }
  const parsed = fileSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const keys = parsed.data.keys.map(
    ({ id, name, scopes, salt, hash, previous, created, expires, revoked, limits }): ApiKey => ({
      id,
      name,
      scopes,
      secret: { salt, hash },
      previous,
      createdAt: created,
      expiresAt: expires,
      revokedAt: revoked,
      limits: {
        ...(limits?.requests_per_second === undefined ? {} : { requestsPerSecond: limits.requests_per_second }),
        ...(limits?.bytes_per_second === undefined ? {} : { bytesPerSecond: limits.bytes_per_second }),
        ...(limits?.requests_in_flight === undefined ? {} : { requestsInFlight: limits.requests_in_flight }),
      },
    }),
  );
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) throw refuse('two keys have the same id');
  return keys;
}

/**
 * Reads, changes and replaces the file under a lock of its own; `apply` answers the new keys, or undefined to leave it as it is.
 * Throws kind `misconfigured` when it cannot, kind `unavailable` when another change is under way.
 */
export function changeKeyFile(path: string, apply: (keys: readonly ApiKey[]) => readonly ApiKey[] | undefined): void {
  const lock = `${path}.lock`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    closeSync(openSync(lock, 'wx', 0o600));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'EEXIST')
      throw new SluiceError('unavailable', `another change of ${path} is under way`, {
        remedy: `run it again; if no other command is running, remove ${lock}`,
        cause: error,
      });
    throw notWritable(path, error);
  }
  try {
    const keys = apply(readKeyFile(path) ?? []);
    if (keys !== undefined) replace(path, formatKeys(keys));
  } finally {
    rmSync(lock, { force: true });
  }
}

function replace(path: string, text: string): void {
  const draft = `${path}.draft`;
  try {
    const file = openSync(draft, 'w', 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    giveToOwnerOfFolder(draft);
    renameSync(draft, path);
    // Windows syncs no folders.
    if (process.platform === 'win32') return;
    const folder = openSync(dirname(path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    throw notWritable(path, error);
  }
}

const notWritable = (path: string, error: unknown): SluiceError =>
  new SluiceError('misconfigured', `the keys file ${path} cannot be written: ${messageOf(error)}`, {
    remedy: 'run this as a user who may write there, or name another file with auth.keys_file',
    cause: error,
  });

const HEADER =
  '# API keys of Sluice, hashes only. Change it with `sluice keys`; a running daemon notices within seconds.\n';

function formatKeys(keys: readonly ApiKey[]): string {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return (
    HEADER +
    stringify({
      version: 1,
      keys: keys.map(({ id, name, scopes, secret, previous, createdAt, expiresAt, revokedAt, limits }) => ({
        id,
        ...(name === undefined ? {} : { name }),
        scopes: scopes.map(formatScope),
        ...secret,
        ...(previous === undefined ? {} : { previous: { ...previous, until: iso(previous.until) } }),
        created: iso(createdAt),
        ...(expiresAt === undefined ? {} : { expires: iso(expiresAt) }),
        ...(revokedAt === undefined ? {} : { revoked: iso(revokedAt) }),
        ...(Object.keys(limits).length === 0
          ? {}
          : {
              limits: {
                ...(limits.requestsPerSecond === undefined ? {} : { requests_per_second: limits.requestsPerSecond }),
                ...(limits.bytesPerSecond === undefined ? {} : { bytes_per_second: limits.bytesPerSecond }),
                ...(limits.requestsInFlight === undefined ? {} : { requests_in_flight: limits.requestsInFlight }),
              },
            }),
      })),
    })
  );
}

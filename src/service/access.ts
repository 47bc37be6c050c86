/**
 * Keys, certificates, limits and audit trail of one daemon, put together from its settings and kept up to date while it runs.
 * Owns when files are read again and what is done when they cannot be: what is in force stays in force.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { LineFile } from '../access/line-file.ts';
import { AuditLog } from '../access/audit-log.ts';
import type { ApiKey } from '../access/api-key.ts';
import { KeyAuthenticator } from '../access/authenticator.ts';
import { stampOf, watchFiles } from '../access/file-watch.ts';
import { describeChange } from '../access/key-changes.ts';
import { readKeyFile } from '../access/key-file.ts';
import { BucketLimiter } from '../access/rate-limiter.ts';
import { readTlsFiles } from '../access/tls-files.ts';
import type { Settings } from '../config/settings.ts';
import type { AccessPort } from '../contracts/access.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import { isLoopback } from '../core/loopback.ts';
import type { Runtime } from '../core/runtime.ts';
import { TaskGroup } from '../core/task-group.ts';

export interface AccessLog {
  info(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface Access extends AccessPort {
  readonly audit: AuditLog;
  /** For a new server; undefined for plain HTTP. */
  readonly tls: TlsOptions | undefined;
  /** Every certificate that comes later is given to it. */
  onNewCertificate(use: (tls: TlsOptions) => void): void;
  /** Watches the files and ends the windows of counted denials, until closed. */
  start(): void;
  /** Reads keys and certificates again, now. What cannot be read stays as it is, and is told to log and audit trail. */
  reload(): void;
  close(): Promise<void>;
}

/** Throws kind `misconfigured`: files that cannot be read, or a daemon that strangers could reach and nobody guards. */
export async function openAccess(settings: Settings, runtime: Runtime, log: AccessLog): Promise<Access> {
  const { auth, server, audit: bounds } = settings;
  const files = server.tls === undefined ? [] : tlsPaths(server.tls);
  const [keysStamp, tlsStamp] = [await stampOf([auth.keysFile]), await stampOf(files)];
  let keys: readonly ApiKey[] = checkAccess(settings);
  await mkdir(dirname(bounds.path), { recursive: true });

  const audit = new AuditLog(new LineFile(bounds.path, bounds), runtime.clock, (lines, error) =>
    log.error({ lines, error: messageOf(error) }, 'the audit log cannot be written'),
  );
  const authenticator = new KeyAuthenticator(
    { anonymous: auth.anonymous, certificates: server.tls?.principals ?? new Map(), limits: auth.limits },
    runtime.clock,
  );
  authenticator.use(keys);
  let tls = tlsOptions(settings);
  const listeners: ((tls: TlsOptions) => void)[] = [];

  const attempt = (action: string, read: () => string | undefined): void => {
    try {
      const detail = read();
      if (detail === undefined) return;
      log.info({ detail }, action);
      audit.record({ who: 'service', action, outcome: 'done', detail });
    } catch (error) {
      log.error({ error: messageOf(error) }, `${action} failed; what was in force stays`);
      audit.record({ who: 'service', action, outcome: 'failed', detail: messageOf(error) });
    }
  };
  const reloadKeys = (): void =>
    attempt('keys reload', () => {
      const fresh = readKeyFile(auth.keysFile) ?? [];
      const change = describeChange(keys, fresh);
      keys = fresh;
      authenticator.use(fresh);
      return change;
    });
  const reloadTls = (): void => {
    if (server.tls === undefined) return;
    attempt('certificates reload', () => {
      const fresh = tlsOptions(settings);
      if (fresh === undefined) return undefined;
      tls = fresh;
      for (const use of listeners) use(fresh);
      return server.tls?.certFile;
    });
  };

  const tasks = new TaskGroup((name, error) => log.error({ error: messageOf(error) }, `${name} ended`));

  return {
    authenticator,
    limiter: new BucketLimiter(runtime.clock),
    audit,
    get tls() {
      return tls;
    },
    onNewCertificate: (use) => void listeners.push(use),
    start: () => {
      tasks.spawn('watching the keys file', (signal) =>
        watchFiles([auth.keysFile], runtime.clock, keysStamp, reloadKeys, signal),
      );
      if (files.length > 0)
        tasks.spawn('watching the certificates', (signal) =>
          watchFiles(files, runtime.clock, tlsStamp, reloadTls, signal),
        );
      tasks.spawn('counting denials', (signal) => audit.run(signal));
    },
    reload: () => {
      reloadKeys();
      reloadTls();
    },
    close: async () => {
      await tasks.stop();
      await audit.close();
    },
  };
}

/**
 * The keys there are. Throws when other machines reach a listener and nobody is known who could be let in: whoever opens a port says
 * who may come.
 */
export function checkAccess(settings: Settings): readonly ApiKey[] {
  const { auth, server } = settings;
  const keys = readKeyFile(auth.keysFile) ?? [];
  tlsOptions(settings);
  const open = [
    { setting: 'server.listen', host: server.host },
    ...(server.admin === undefined ? [] : [{ setting: 'server.admin', host: server.admin.host }]),
  ].find(({ host }) => !isLoopback(host));
  if (open === undefined || keys.length > 0 || (server.tls?.principals.size ?? 0) > 0 || auth.anonymous === 'always')
    return keys;
  throw new SluiceError(
    'misconfigured',
    `${open.setting} is ${open.host}, which other machines reach, and there is no API key in ${auth.keysFile}`,
    {
      remedy:
        'make a key with `sluice keys create --scope admin -c <this file>`, or listen on 127.0.0.1, ' +
        'or say auth.anonymous: always where something else decides who may come',
    },
  );
}

const tlsPaths = ({ certFile, keyFile, clientCaFile }: NonNullable<Settings['server']['tls']>): readonly string[] => [
  certFile,
  keyFile,
  ...(clientCaFile === undefined ? [] : [clientCaFile]),
];

function tlsOptions({ server: { tls } }: Settings): TlsOptions | undefined {
  if (tls === undefined) return undefined;
  return {
    ...readTlsFiles(tls),
    requestCert: tls.clientCaFile !== undefined,
    rejectUnauthorized: tls.requireClientCert,
  };
}

/** The composed store of a warehouse: which kind the URI asks for, with retries and an observer around it. The only place that composes. */
import type { Locations } from '../contracts/locations.ts';
import type { ObjectStore } from '../contracts/object-store.ts';
import { SluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { LocalStore } from './local-store.ts';
import { MeteredStore, type StoreObserver } from './metered-store.ts';
import { DEFAULT_RETRY, RetryingStore } from './retrying-store.ts';
import { type S3Connection, s3Client } from './s3-client.ts';
import { S3Store } from './s3-store.ts';
import { type StoreRoot, keyOf, parseRoot } from './uri.ts';

export interface StoreSettings {
  /** `file:///folder` or `s3://bucket/prefix`. */
  readonly warehouse: string;
  /** Needed when the warehouse is on S3. */
  readonly s3?: S3Connection;
}

export interface OpenStore extends Locations {
  readonly root: StoreRoot;
  readonly store: ObjectStore;
  /** Ends idle connections. */
  close(): void;
}

const PARALLEL_PARTS = 4;

/** Throws kind `misconfigured` for settings that cannot work; asks no server and touches no disk yet (`probe.ts` does). */
export function openStore(settings: StoreSettings, runtime: Runtime, observer: StoreObserver): OpenStore {
  const root = parseRoot(settings.warehouse);
  const { bare, close } = root.kind === 'local' ? local(root.path, runtime) : s3(root, settings.s3, runtime);
  const retrying = new RetryingStore(bare, runtime, DEFAULT_RETRY, (operation, kind) =>
    observer.retried(operation, kind),
  );
  const store = new MeteredStore(retrying, observer, runtime.clock);
  return { root, store, resolve: (uri) => ({ store, key: keyOf(root, uri) }), close };
}

interface Bare {
  readonly bare: ObjectStore;
  readonly close: () => void;
}

const local = (path: string, runtime: Runtime): Bare => ({ bare: new LocalStore(path, runtime), close: () => {} });

function s3(
  { bucket, prefix }: Extract<StoreRoot, { kind: 's3' }>,
  connection: S3Connection | undefined,
  runtime: Runtime,
): Bare {
  if (connection === undefined)
    throw new SluiceError('misconfigured', 'the warehouse is on S3, but nothing says how to reach it', {
      context: { bucket },
      remedy: 'Set region, and endpoint if it is not AWS, under storage.s3.',
    });
  const client = s3Client(connection);
  const { partBytes } = connection;
  const options = {
    bucket,
    prefix,
    partSizeBytes: partBytes,
    multipartAboveBytes: partBytes,
    parallelParts: PARALLEL_PARTS,
    partRetry: DEFAULT_RETRY,
  };
  return { bare: new S3Store(client, options, runtime), close: () => client.destroy() };
}

/** The subject of the object-store suite for an S3 server of any make. */
import { CreateBucketCommand, type S3ClientConfig } from '@aws-sdk/client-s3';
import { systemRuntime } from '../../src/core/runtime.ts';
import { RetryingStore } from '../../src/store/retrying-store.ts';
import { type S3Connection, s3Client } from '../../src/store/s3-client.ts';
import { S3Store } from '../../src/store/s3-store.ts';
import type { HttpSubject } from '../contract/object-store.ts';
import { GateKeeper, answerLosingHandler } from './s3-wire.ts';

export interface S3Address {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  stop(): Promise<void>;
}

/** S3's smallest part. */
export const PART_BYTES = 5 * 1024 * 1024;
export const QUICK_RETRY = { initialMs: 5, maxMs: 50, budgetMs: 10_000 };

export const connectionTo = ({ endpoint, region, accessKeyId, secretAccessKey }: S3Address): S3Connection => ({
  endpoint,
  region,
  pathStyle: true,
  credentials: { accessKeyId, secretAccessKey },
  checksums: 'when-required',
  partBytes: PART_BYTES,
});

const BUCKET = 'object-store-suite';

/** Makes the bucket, and puts the store under a prefix in it. `overrides.partBytes`: when the server takes smaller parts than S3. */
export async function s3Subject(server: S3Address, overrides: Partial<S3Connection> = {}): Promise<HttpSubject> {
  const connection = { ...connectionTo(server), ...overrides };
  const partSizeBytes = connection.partBytes;
  const storeOver = (
    requestHandler: S3ClientConfig['requestHandler'] | undefined,
    multipartAboveBytes: number,
  ): S3Store =>
    new S3Store(
      s3Client(connection, requestHandler === undefined ? {} : { requestHandler }),
      {
        bucket: BUCKET,
        prefix: 'wh/ä b',
        partSizeBytes,
        multipartAboveBytes,
        parallelParts: 4,
        partRetry: QUICK_RETRY,
      },
      systemRuntime,
    );
  const client = s3Client(connection);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    store: storeOver(undefined, partSizeBytes),
    partSizeBytes,
    gate: (racers) => {
      const keeper = new GateKeeper(racers);
      const store = storeOver(keeper.handler(), 0);
      return {
        stores: Array.from({ length: racers }, () => store),
        full: () => keeper.full(),
        release: () => keeper.release(),
      };
    },
    losingAnswers: (nth, parts) =>
      new RetryingStore(
        storeOver(answerLosingHandler(nth), parts === 'multipart' ? 0 : partSizeBytes),
        systemRuntime,
        QUICK_RETRY,
      ),
    close: () => server.stop(),
  };
}

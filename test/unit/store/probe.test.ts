import { describe, expect, it } from 'vitest';
import type { ETag, ObjectStore } from '../../../src/contracts/object-store.ts';
import { systemRandom, systemRuntime } from '../../../src/core/runtime.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { probeStore } from '../../../src/store/probe.ts';
import { RetryingStore } from '../../../src/store/retrying-store.ts';
import { type S3Connection, s3Client } from '../../../src/store/s3-client.ts';
import { S3Store } from '../../../src/store/s3-store.ts';
import { keysUnder } from '../../contract/object-store/subject.ts';
import { type RunningS3Server, type S3ServerOptions, startS3Server } from '../../support/s3-server/server.ts';
import { QUICK_RETRY, connectionTo } from '../../support/s3-subject.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const NOBODY = { finished: () => undefined, retried: () => undefined };

interface Probe {
  readonly server: RunningS3Server;
  readonly store: ObjectStore;
}

async function onS3(
  options: S3ServerOptions,
  run: (probe: Probe) => Promise<void>,
  connection: Partial<S3Connection> = {},
  bucket?: string,
): Promise<void> {
  const server = await startS3Server(options);
  const store = new S3Store(
    s3Client({ ...connectionTo(server), ...connection }),
    {
      bucket: bucket ?? server.bucket,
      prefix: '',
      partSizeBytes: 1e7,
      multipartAboveBytes: 1e7,
      parallelParts: 1,
      partRetry: QUICK_RETRY,
    },
    systemRuntime,
  );
  try {
    await run({ server, store: new RetryingStore(store, systemRuntime, { ...QUICK_RETRY, budgetMs: 300 }) });
  } finally {
    await server.stop();
  }
}

const misconfigured = (text: RegExp) => ({ kind: 'misconfigured', remedy: expect.stringMatching(text) as string });

describe('the start-up probe', () => {
  it('passes a store that keeps the contract, and leaves nothing there', async () => {
    const memory = new MemoryStore(systemRuntime.clock);
    await probeStore(memory, systemRandom);
    expect(await keysUnder(memory, '')).toEqual([]);

    const folder = await temporaryFolder();
    const local = openStore({ warehouse: `file://${folder.path}/wh` }, systemRuntime, NOBODY);
    await probeStore(local.store, systemRandom);
    expect(await keysUnder(local.store, '')).toEqual([]);
    await folder.remove();

    await onS3({}, async ({ store }) => {
      await probeStore(store, systemRandom);
      expect(await keysUnder(store, '')).toEqual([]);
    });
  });

  it('may be run by many daemons at once', async () => {
    const memory = new MemoryStore(systemRuntime.clock);
    await Promise.all(Array.from({ length: 5 }, () => probeStore(memory, systemRandom)));
  });

  it.each(['ignored', 'check-then-act'] as const)('refuses a server whose conditions are %s', async (conditions) => {
    await onS3({ conditions }, async ({ store }) => {
      await expect(probeStore(store, systemRandom)).rejects.toMatchObject(misconfigured(/conditional writes/));
      expect(await keysUnder(store, '')).toEqual([]);
    });
  });

  it('refuses a store that keeps a refused writer’s bytes', async () => {
    const memory = new MemoryStore(systemRuntime.clock);
    const put = memory.put.bind(memory);
    memory.put = async (key, bytes, condition) => {
      const result = await put(key, bytes, condition);
      if (result.kind === 'lost-race' && key.includes('race')) await put(key, bytes, { kind: 'always' });
      return result;
    };
    await expect(probeStore(memory, systemRandom)).rejects.toMatchObject(misconfigured(/conditional writes/));
  });

  it('refuses a store that tells several racers that they won', async () => {
    const memory = new MemoryStore(systemRuntime.clock);
    const put = memory.put.bind(memory);
    memory.put = async (key, bytes, condition) => {
      const result = await put(key, bytes, condition);
      const lie = { kind: 'written', etag: 'mine' as ETag } as const;
      return result.kind === 'lost-race' && key.includes('race') ? lie : result;
    };
    await expect(probeStore(memory, systemRandom)).rejects.toMatchObject(misconfigured(/conditional writes/));
  });

  it('refuses a store that does not list, or does not read, what was just written', async () => {
    const blind = new MemoryStore(systemRuntime.clock);
    blind.list = async function* list() {};
    await expect(probeStore(blind, systemRandom)).rejects.toMatchObject(misconfigured(/reads its own writes/));
    const stale = new MemoryStore(systemRuntime.clock);
    stale.get = () => Promise.resolve(undefined);
    await expect(probeStore(stale, systemRandom)).rejects.toMatchObject(misconfigured(/reads its own writes/));
  });

  it.each(['PutObject', 'GetObject', 'HeadObject', 'ListObjectsV2', 'DeleteObjects'] as const)(
    'names the rights when %s is forbidden',
    async (operation) => {
      await onS3({}, async ({ server, store }) => {
        server.faults.plan(operation, { kind: 'refuse', status: 403, code: 'AccessDenied' }, 1_000);
        await expect(probeStore(store, systemRandom)).rejects.toMatchObject(misconfigured(/s3:/));
      });
    },
  );

  it('names region, bucket or credentials when one is wrong', async () => {
    const refusal =
      (text: RegExp) =>
      async ({ store }: Probe) => {
        await expect(probeStore(store, systemRandom)).rejects.toMatchObject(misconfigured(text));
      };
    await onS3({ region: 'eu-west-1' }, refusal(/region/), { region: 'us-west-2' });
    await onS3({}, refusal(/bucket/), {}, 'not-there');
    await onS3({}, refusal(/credentials/), { credentials: { accessKeyId: 'sluice-test', secretAccessKey: 'wrong' } });
  });

  it('says that nobody answers, and where to look', async () => {
    await onS3({}, async ({ server, store }) => {
      server.faults.plan('PutObject', { kind: 'lose-request' }, 1_000);
      await expect(probeStore(store, systemRandom)).rejects.toMatchObject({
        kind: 'unavailable',
        remedy: expect.stringMatching(/endpoint/) as string,
      });
    });
  });
});

describe('an opened store', () => {
  it('resolves every spelling of its warehouse to one key, and refuses what lies outside', async () => {
    const server = await startS3Server({ bucket: 'lake' });
    const finished: string[] = [];
    const open = openStore({ warehouse: 's3a://lake/wh/', s3: connectionTo(server) }, systemRuntime, {
      ...NOBODY,
      finished: (operation, result) => finished.push(`${operation} ${result}`),
    });
    await open.store.put('ns/t/x', new Uint8Array(3), { kind: 'if-absent' });
    const { store, key } = open.resolve('s3n://lake/wh/ns/t/x');
    expect(key).toBe('ns/t/x');
    expect((await store.get(key))?.bytes).toHaveLength(3);
    expect(() => open.resolve('s3://lake/wh2/ns/t/x')).toThrow(expect.objectContaining({ kind: 'misconfigured' }));
    expect(finished).toEqual(['put ok', 'get ok']);
    open.close();
    await server.stop();
  });

  it('needs to know how to reach S3', () => {
    expect(() => openStore({ warehouse: 's3://lake/wh' }, systemRuntime, NOBODY)).toThrow(
      expect.objectContaining(misconfigured(/storage\.s3/)),
    );
  });

  it('repeats what failed, and tells', async () => {
    const server = await startS3Server();
    const retried: string[] = [];
    const open = openStore({ warehouse: `s3://${server.bucket}`, s3: connectionTo(server) }, systemRuntime, {
      ...NOBODY,
      retried: (operation, kind) => retried.push(`${operation} ${kind}`),
    });
    server.faults.plan('PutObject', { kind: 'lose-answer' });
    expect(await open.store.put('k', new Uint8Array(3), { kind: 'if-absent' })).toMatchObject({ kind: 'written' });
    expect(retried).toEqual(['put unavailable']);
    open.close();
    await server.stop();
  });
});

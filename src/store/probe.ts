/**
 * Tries at start-up what the service will rely on (promise P6): reading, writing, listing, deleting, and conditional writes that really
 * decide races. Owns the scratch objects and removes them. Says nothing about speed.
 */
import type { ObjectStore } from '../contracts/object-store.ts';
import { SluiceError, isSluiceError } from '../core/errors.ts';
import { type Random, hex } from '../core/runtime.ts';

const RACERS = 16;
const ROUNDS = 3;

/** Scratch objects lie under this folder of the warehouse. */
export const PROBE_FOLDER = '.sluice-probe';

/**
 * Resolves when the store does what is needed. Rejects with kind `misconfigured` and a remedy when it does not; with kind `unavailable` when
 * it does not answer.
 */
export async function probeStore(store: ObjectStore, random: Random, signal?: AbortSignal): Promise<void> {
  const prefix = `${PROBE_FOLDER}/${hex(random.bytes(8))}`;
  const keys = ['object', ...Array.from({ length: ROUNDS }, (_, round) => `race-${round}`)].map(
    (name) => `${prefix}/${name}`,
  );
  try {
    await probeObject(store, `${prefix}/object`, signal);
    for (let round = 0; round < ROUNDS; round++) await probeRace(store, `${prefix}/race-${round}`, signal);
    await probeDelete(store, keys, signal);
  } catch (error) {
    // Best effort: without the right to delete nothing can be cleaned up, and the error that ended the probe is the one to show.
    await store.delete(keys).catch(() => undefined);
    throw isSluiceError(error, 'unavailable') ? unanswered(error) : error;
  }
}

async function probeObject(store: ObjectStore, key: string, signal: AbortSignal | undefined): Promise<void> {
  const bytes = encode('first');
  const first = await store.put(key, bytes, { kind: 'if-absent' }, signal);
  if (first.kind !== 'written') throw unfit('refused a conditional write of a new object', { key });
  const found = await store.get(key, signal === undefined ? {} : { signal });
  if (found === undefined || !Buffer.from(found.bytes).equals(bytes))
    throw unfit('did not answer the bytes that were just written', { key });
  if ((await store.head(key, signal))?.size !== BigInt(bytes.length))
    throw unfit('does not know the size of an object', { key });
  const listed: string[] = [];
  for await (const info of store.list(key, signal)) listed.push(info.key);
  if (listed.length !== 1 || listed[0] !== key) throw unfit('does not list an object that was just written', { key });
  const second = await store.put(key, encode('second'), { kind: 'if-absent' }, signal);
  if (second.kind === 'written')
    throw ignoresConditions('overwrote an object that was to be written only if absent', { key });
}

async function probeRace(store: ObjectStore, key: string, signal: AbortSignal | undefined): Promise<void> {
  // Different bytes: equal ones could not tell who won.
  const results = await Promise.all(
    Array.from({ length: RACERS }, (_, racer) =>
      store.put(key, encode(`racer ${racer}`), { kind: 'if-absent' }, signal),
    ),
  );
  const winners = results.flatMap((result, racer) => (result.kind === 'written' ? [racer] : []));
  if (winners.length !== 1)
    throw ignoresConditions(`let ${winners.length} of ${RACERS} racing conditional writes succeed`, { key });
  const found = await store.get(key, signal === undefined ? {} : { signal });
  if (found === undefined || !Buffer.from(found.bytes).equals(encode(`racer ${winners[0]}`)))
    throw ignoresConditions('kept the bytes of a writer it had refused', { key });
}

async function probeDelete(
  store: ObjectStore,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { failed } = await store.delete(keys, signal);
  const [first] = failed;
  if (first !== undefined)
    throw new SluiceError('misconfigured', `the store does not let objects be deleted: ${first.cause}`, {
      context: { key: first.key },
      remedy: 'Allow s3:DeleteObject, or removal of files, under the warehouse.',
    });
  for (const key of keys)
    if ((await store.head(key, signal)) !== undefined) throw unfit('shows an object that was deleted', { key });
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const unfit = (fault: string, context: { key: string }): SluiceError =>
  new SluiceError('misconfigured', `the store ${fault}`, {
    context,
    remedy: 'Use a store that reads its own writes; caches and eventually consistent gateways cannot hold tables.',
  });

const ignoresConditions = (fault: string, context: { key: string }): SluiceError =>
  new SluiceError('misconfigured', `the store ${fault}: commits would be lost`, {
    context,
    remedy: 'Use a store with atomic conditional writes (If-None-Match): AWS S3, or MinIO, or local files.',
  });

const unanswered = (error: SluiceError): SluiceError =>
  new SluiceError('unavailable', `the store does not answer: ${error.message}`, {
    context: error.context,
    remedy:
      'Check that the endpoint in the store settings is right, and that the server runs and can be reached from here.',
    cause: error,
  });

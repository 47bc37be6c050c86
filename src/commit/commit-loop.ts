/**
 * Prepare once, attempt until the table itself says how it ended (design §3, protocol §4 step 4 and "Unknown").
 * Owns reloading, waiting and the four ends. Does not know what a verdict means: the caller judges each fresh base.
 * Deletes nothing, ever: what an abandoned attempt left is for orphan removal.
 */
import { backoffMs, type BackoffPolicy } from '../core/backoff.ts';
import { isSluiceError, messageOf } from '../core/errors.ts';
import type { TableName, TableUuid } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { CommitOutcome, LoadOutcome, TableView } from '../contracts/table-format.ts';

/** What the caller says to a fresh base, before every attempt. */
export type Stance<T> = { readonly kind: 'attempt' } | { readonly kind: 'settled'; readonly result: T };

export type CommitEnd<V, T> =
  /** Ours went in with the last attempt. */
  | { readonly kind: 'committed'; readonly view: V; readonly attempts: number }
  /** The caller settled it on a fresh base, without or after attempts. */
  | { readonly kind: 'settled'; readonly result: T; readonly view: V; readonly attempts: number }
  /** The name is gone, or holds another table. */
  | { readonly kind: 'table-gone'; readonly uuidNow: TableUuid | undefined };

export interface CommitLoopEvents {
  /** Every end of an attempt, and every failed load; `unknown` stays until a later event settles it. */
  readonly onTrouble: (state: 'conflict' | 'unknown' | 'unavailable', cause: string) => void;
}

/** The part of a format that one kind of change goes through. */
export interface Committing<V, P> {
  load(table: TableName): Promise<LoadOutcome<V>>;
  attempt(base: V, prepared: P): Promise<CommitOutcome<V>>;
}

const BACKOFF: BackoffPolicy = { initialMs: 50, maxMs: 10_000 };

/**
 * Rejects only with kind `closed` (the signal) or what `prepare` or `stance` throw: no number of conflicts or lost answers ends it otherwise.
 * While the outcome of an attempt is unknown nothing else of this table is attempted, and the very same attempt is sent again when the
 * base has not moved: the compare-and-swap lets in at most one of the two.
 */
export async function commitLoop<V extends TableView, P, T>(
  format: Committing<V, P>,
  table: { readonly name: TableName; readonly uuid: TableUuid },
  prepare: (view: V) => Promise<P>,
  stance: (view: V) => Stance<T> | Promise<Stance<T>>,
  runtime: Runtime,
  events: CommitLoopEvents,
  signal: AbortSignal,
): Promise<CommitEnd<V, T>> {
  let prepared: { readonly change: P; readonly schemaId: number; readonly specId: number } | undefined;
  let attempts = 0;
  let troubles = 0;
  const wait = async (state: 'conflict' | 'unknown' | 'unavailable', cause: unknown): Promise<void> => {
    events.onTrouble(state, messageOf(cause));
    await runtime.clock.sleep(backoffMs(BACKOFF, troubles, runtime.random), signal);
    troubles += 1;
  };
  for (;;) {
    signal.throwIfAborted();
    const loaded = await orUnavailable(() => format.load(table.name));
    if (loaded.kind === 'unavailable') {
      await wait('unavailable', loaded.cause);
      continue;
    }
    if (loaded.kind === 'absent') return { kind: 'table-gone', uuidNow: undefined };
    const base = loaded.view;
    if (base.uuid !== table.uuid) return { kind: 'table-gone', uuidNow: base.uuid };

    const said = await orUnavailable(async () => stance(base));
    if (said.kind === 'unavailable') {
      await wait('unavailable', said.cause);
      continue;
    }
    if (said.kind === 'settled') return { kind: 'settled', result: said.result, view: base, attempts };

    // Manifests name a schema and a spec: under another one they are made anew, with the same token.
    if (prepared?.schemaId !== base.schema.schemaId || prepared.specId !== base.spec.specId) {
      const made = await orUnavailable(async () => ({ kind: 'prepared' as const, change: await prepare(base) }));
      if (made.kind === 'unavailable') {
        await wait('unavailable', made.cause);
        continue;
      }
      prepared = { change: made.change, schemaId: base.schema.schemaId, specId: base.spec.specId };
      // Preparing takes as long as it takes, and what the caller allowed may have grown old: nothing waits between its word and the attempt.
      const still = await orUnavailable(async () => stance(base));
      if (still.kind === 'settled') return { kind: 'settled', result: still.result, view: base, attempts };
      if (still.kind === 'unavailable') {
        await wait('unavailable', still.cause);
        continue;
      }
    }
    attempts += 1;
    const outcome = await format.attempt(base, prepared.change);
    switch (outcome.kind) {
      case 'committed':
        return { kind: 'committed', view: outcome.view, attempts };
      case 'conflict':
        await wait('conflict', outcome.cause);
        break;
      case 'unknown':
        await wait('unknown', outcome.cause);
        break;
    }
  }
}

async function orUnavailable<R>(
  work: () => Promise<R>,
): Promise<R | { readonly kind: 'unavailable'; readonly cause: unknown }> {
  try {
    return await work();
  } catch (error) {
    if (isSluiceError(error, 'unavailable')) return { kind: 'unavailable', cause: error };
    throw error;
  }
}

/**
 * The thread that writes to the SQLite catalog: a statement that changes something ends with a sync of the disk, which must not hold up
 * the event loop. Owns the order of writes and which share a transaction. Runs as the entry of a worker of `threaded-sql-catalog.ts`.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MetadataPointers, SwapOutcome } from '../contracts/metadata-pointers.ts';
import { isSluiceError, messageOf, type ErrorContext, type ErrorKind } from '../core/errors.ts';
import { SqlCatalog, type PointerSwap } from './sql-catalog.ts';

type WriteCall =
  | { readonly call: 'swap'; readonly swap: PointerSwap }
  | { readonly call: 'create'; readonly args: Parameters<MetadataPointers['create']> }
  | { readonly call: 'drop'; readonly args: Parameters<MetadataPointers['drop']> }
  | { readonly call: 'createNamespace'; readonly args: Parameters<MetadataPointers['createNamespace']> };

export type WriteRequest = WriteCall & { readonly id: number };

export type WriteResult = SwapOutcome | 'created' | 'exists' | boolean;

/** Errors cross threads as data: a clone would lose kind and remedy. */
export interface WriteFailure {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly context: ErrorContext;
  readonly remedy: string | undefined;
}

export type WriteAnswer =
  | { readonly id: number; readonly result: WriteResult }
  | { readonly id: number; readonly failure: WriteFailure };

export interface WriterData {
  readonly path: string;
  readonly catalogName: string;
}

function serve(port: NonNullable<typeof parentPort>, { path, catalogName }: WriterData): void {
  let catalog: SqlCatalog | undefined;
  const answer = (one: WriteAnswer): void => port.postMessage(one);

  const runOther = async (request: Exclude<WriteRequest, { call: 'swap' }>, on: SqlCatalog): Promise<WriteResult> => {
    switch (request.call) {
      case 'create':
        return on.create(...request.args);
      case 'drop':
        return on.drop(...request.args);
      case 'createNamespace':
        return on.createNamespace(...request.args);
    }
  };

  const runAll = async (requests: readonly WriteRequest[]): Promise<void> => {
    catalog ??= SqlCatalog.open(path, catalogName);
    // What waited for the last sync shares the next: two hundred tables that commit every second need no two hundred syncs.
    const swaps = requests.filter((request) => request.call === 'swap');
    const outcomes = catalog.swapAll(swaps.map(({ swap }) => swap));
    for (const [index, { id }] of swaps.entries()) {
      const result = outcomes[index];
      if (result !== undefined) answer({ id, result });
    }
    for (const request of requests)
      if (request.call !== 'swap')
        await runOther(request, catalog).then(
          (result) => answer({ id: request.id, result }),
          (error: unknown) => answer({ id: request.id, failure: failureOf(error) }),
        );
  };

  port.on('message', (first: WriteRequest) => {
    const requests = [first];
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
      requests.push(next.message as WriteRequest);
    runAll(requests).catch((error: unknown) => {
      for (const { id } of requests) answer({ id, failure: failureOf(error) });
    });
  });
}

const failureOf = (error: unknown): WriteFailure =>
  isSluiceError(error)
    ? { kind: error.kind, message: error.message, context: error.context, remedy: error.remedy }
    : { kind: 'internal', message: messageOf(error), context: {}, remedy: undefined };

if (parentPort !== null) serve(parentPort, workerData as WriterData);

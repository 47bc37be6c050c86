/** Reading dead letters back, and what people may do about them. Writing new ones is part of an append. */
import type { TableName } from '../core/ids.ts';
import type { LetterStatus } from '../record/dead-letter-table.ts';
import type { Misfit } from './record-checker.ts';
import type { Position } from './service-ports.ts';

export interface DeadLetter {
  /** Sorts by time, then by place in the request. */
  readonly id: string;
  readonly status: LetterStatus;
  readonly batch: string;
  /** ISO 8601 with `Z`. */
  readonly receivedAt: string;
  readonly cause: string;
  readonly code: string;
  readonly pointer: string;
  readonly expected?: string;
  readonly got?: string;
  readonly detail: string;
  readonly record?: number;
  readonly line?: number;
  readonly requestId?: string;
  readonly schemaId?: number;
  readonly ignoreUnknownFields: boolean;
  /** Of a record that had been acknowledged. */
  readonly position?: Position;
  readonly original: Uint8Array;
}

export interface LetterFilter {
  readonly ids?: readonly string[];
  readonly code?: string;
  readonly batch?: string;
  readonly status?: LetterStatus;
}

/** Dead letters that say the same. */
export interface LetterGroup {
  readonly code: string;
  readonly pointer: string;
  readonly status: LetterStatus;
  readonly letters: bigint;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly sample: string;
}

export interface LetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where the next page begins; absent on the last. */
  readonly next?: string;
}

/** Committed dead letters of a dead-letter table. Works off the event loop; answers are bounded in rows and bytes. */
export interface LetterReader {
  /** At most 1,000, the largest first. */
  groups(letters: TableName, filter: LetterFilter): Promise<readonly LetterGroup[]>;
  /** Ids above `after`, in order; at least one if there is any, else at most `limit` and about `maxBytes` of original bytes. */
  page(
    letters: TableName,
    filter: LetterFilter,
    bounds: { readonly after?: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<LetterPage>;
}

export type LetterAction =
  /** `patch`: JSON text of a merge patch (RFC 7396) for each record. */
  { readonly kind: 'replay'; readonly patch?: string } | { readonly kind: 'discard' };

export interface Settled {
  /** Marked as done, records of a replay in the same frame as their marks. */
  readonly done: number;
  /** Names this replay or discard in the marks. */
  readonly batch: string;
  /** Where the replayed records end; the last frame's, when there were several. */
  readonly position?: Position;
  /** Still no records of the table: they stay open. At most 100. */
  readonly kept: readonly (Misfit & { readonly id: string })[];
  readonly keptTotal: number;
  /** There are more: ask again from here. */
  readonly next?: string;
  /** Why it ended before its time; what is done is done. */
  readonly interrupted?: string;
}

/** One of the two tables is stopped: nothing was done. */
export interface LettersStopped {
  readonly kind: 'table-stopped';
  readonly reason: string;
  readonly remedy: string;
}

/** Everything answers undefined for a table that does not exist. */
export interface DeadLetterPort {
  /** Nothing committed yet: empty. */
  list(
    table: TableName,
    filter: LetterFilter,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<LetterPage | undefined>;
  groups(table: TableName, filter: LetterFilter): Promise<readonly LetterGroup[] | undefined>;
  /** Works on open ones only, at most about 10,000 a call. Once each, whatever is interrupted; one at a time a table. */
  settle(
    table: TableName,
    action: LetterAction,
    filter: LetterFilter,
    after?: string,
  ): Promise<Settled | LettersStopped | undefined>;
}

/** What the log keeps of a channel that was opened or closed, as text. Owns its form. */
import type { ProducerNote } from '../../contracts/log.ts';
import type { TableUuid } from '../../core/ids.ts';
import { parseJson64, stringifyJson64 } from '../../core/json64.ts';

export type ChannelNote =
  | {
      readonly kind: 'opened';
      readonly name: string;
      readonly epoch: bigint;
      /** Epoch with which the channel was first opened. */
      readonly born: bigint;
      /** Offset of its first record. */
      readonly start: bigint;
      /** Opened after the table's state had been lost, by somebody who said where it stands. */
      readonly anew: boolean;
    }
  | { readonly kind: 'closed'; readonly name: string; readonly epoch: bigint };

/** Whole in itself: the latest note of a channel replaces all earlier ones. */
export function encodeNote(table: TableUuid, note: ChannelNote): ProducerNote {
  const { name, epoch, ...rest } = note;
  return { table, key: name, order: epoch, value: Buffer.from(stringifyJson64(rest)) };
}

export function decodeNote({ table, key, order, value }: ProducerNote): ChannelNote {
  const raw = parseJson64(Buffer.from(value).toString('utf8'), `note of channel ${key} of table ${table}`) as {
    readonly kind: 'opened' | 'closed';
    readonly born: number | bigint;
    readonly start: number | bigint;
    readonly anew: boolean;
  };
  return raw.kind === 'closed'
    ? { kind: 'closed', name: key, epoch: order }
    : {
        kind: 'opened',
        name: key,
        epoch: order,
        born: BigInt(raw.born),
        start: BigInt(raw.start),
        anew: raw.anew,
      };
}

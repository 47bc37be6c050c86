/** Channels as clients open, ask for and close them (`ChannelPort`). Owns finding the table; the rules are `table-producers.ts`. */
import { isSluiceError, messageOf } from '../../core/errors.ts';
import type { TableName } from '../../core/ids.ts';
import type { ChannelAnswer, ChannelPort } from '../../contracts/service-ports.ts';
import { statusOf, type TableProducers } from './table-producers.ts';

/** As much of a table's pipeline as its producers need. */
interface Table {
  readonly state: { readonly kind: string; readonly reason?: string; readonly remedy?: string };
  readonly producers: TableProducers;
  producersReady(): Promise<void> | undefined;
}

interface Tables {
  pipelineOf(table: TableName): Promise<Table | undefined>;
}

type NoTable = Extract<ChannelAnswer, { kind: 'no-such-table' | 'not-accepting' }>;

export class Channels implements ChannelPort {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async open(table: TableName, name: string, start?: bigint): Promise<ChannelAnswer> {
    const found = await this.#find(table);
    if (!('producers' in found)) return found;
    const { kind, reason = '', remedy = '' } = found.state;
    // Whoever opens a channel wants to send: what would be refused is said at once.
    return kind === 'stopped' ? { kind: 'table-stopped', reason, remedy } : found.producers.open(name, start);
  }

  async close(table: TableName, name: string): Promise<ChannelAnswer> {
    const found = await this.#find(table);
    return 'producers' in found ? found.producers.close(name) : found;
  }

  async channel(table: TableName, name: string): Promise<ChannelAnswer> {
    const found = await this.#find(table);
    if (!('producers' in found)) return found;
    const channel = found.producers.channel(name);
    return channel === undefined
      ? {
          kind: 'producer-refused',
          refusal: { kind: found.producers.lost ? 'state-lost' : 'no-such-channel' },
        }
      : { kind: 'done', channel: statusOf(channel) };
  }

  async channels(table: TableName): ReturnType<ChannelPort['channels']> {
    const found = await this.#find(table);
    if (!('producers' in found)) return found;
    const channels = [...found.producers.channels].map(statusOf);
    return { kind: 'listed', channels: channels.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  }

  async #find(table: TableName): Promise<Table | NoTable> {
    try {
      const found = await this.#tables.pipelineOf(table);
      await found?.producersReady();
      return found ?? { kind: 'no-such-table' };
    } catch (error) {
      if (isSluiceError(error, 'closed')) return { kind: 'not-accepting', reason: 'the daemon is stopping' };
      if (!isSluiceError(error, 'unavailable')) throw error;
      return { kind: 'not-accepting', reason: `the table cannot be opened now: ${messageOf(error)}` };
    }
  }
}

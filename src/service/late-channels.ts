/** The channel port before there is a log behind it and after the daemon began to stop: answers `not-accepting`. */
import type { ChannelAnswer, ChannelPort } from '../contracts/service-ports.ts';
import type { TableName } from '../core/ids.ts';

export class LateChannels implements ChannelPort {
  #channels: ChannelPort | undefined;
  #reason = 'the log is being read back';

  attach(channels: ChannelPort): void {
    this.#channels = channels;
  }

  /** From now on nothing is opened or closed; what is under way ends as it would. */
  stop(reason: string): void {
    this.#reason = reason;
    this.#channels = undefined;
  }

  async open(table: TableName, name: string, start?: bigint): Promise<ChannelAnswer> {
    return (await this.#channels?.open(table, name, start)) ?? this.#notAccepting();
  }

  async close(table: TableName, name: string): Promise<ChannelAnswer> {
    return (await this.#channels?.close(table, name)) ?? this.#notAccepting();
  }

  async channel(table: TableName, name: string): Promise<ChannelAnswer> {
    return (await this.#channels?.channel(table, name)) ?? this.#notAccepting();
  }

  async channels(table: TableName): ReturnType<ChannelPort['channels']> {
    return (await this.#channels?.channels(table)) ?? this.#notAccepting();
  }

  #notAccepting(): Extract<ChannelAnswer, { kind: 'not-accepting' }> {
    return { kind: 'not-accepting', reason: this.#reason };
  }
}

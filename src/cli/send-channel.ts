/**
 * The channel of `sluice send`: which one a source has, and where it stands. Owns its name and its opening; batches are sent by
 * `commands/send.ts`.
 */
import { createHash } from 'node:crypto';
import { open, realpath, stat } from 'node:fs/promises';
import type { ApiClient } from './api-client.ts';
import { tablePath } from './api-client.ts';

export interface OpenChannel {
  readonly name: string;
  readonly epoch: string;
  /** Records of the source that are stored. */
  readonly stored: number;
}

const SAMPLE_BYTES = 64 * 1024;

/**
 * The same for the same file and table, wherever an earlier run ended; another one when the file has become another: its path, its size, its
 * first and its last 64 KiB count.
 */
export async function channelOf(table: string, file: string): Promise<string> {
  const path = await realpath(file);
  const { size } = await stat(path);
  const hash = createHash('sha256').update(`${table}\n${path}\n${size}\n`);
  const handle = await open(path, 'r');
  try {
    for (const position of [0, Math.max(0, size - SAMPLE_BYTES)]) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, position);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  return `send-${hash.digest('hex').slice(0, 32)}`;
}

/** From then on no other run of the channel can send. */
export async function openChannel(client: ApiClient, table: string, name: string): Promise<OpenChannel> {
  const answer = (await client.expect('PUT', `${tablePath(table)}/channels/${encodeURIComponent(name)}`)) as {
    readonly epoch: string;
    readonly expected_offset: string;
  };
  return { name, epoch: answer.epoch, stored: Number(answer.expected_offset) };
}

export const channelQuery = ({ name, epoch }: OpenChannel, offset: number): string =>
  `channel=${encodeURIComponent(name)}&epoch=${epoch}&offset=${offset}`;

/** Facts about the machine for a support bundle: versions, processors, memory, disks, and the names (no values) of variables that matter. */
import { statfs } from 'node:fs/promises';
import { arch, availableParallelism, cpus, freemem, loadavg, platform, release, totalmem, uptime } from 'node:os';
import { messageOf } from '../core/errors.ts';
import type { CliIo } from './deps.ts';

const NAMES = /^(SLUICE|AWS|NODE|UV|OTEL|HTTPS?_PROXY|NO_PROXY|TZ|LANG|KUBERNETES)/i;

export async function environmentFacts(io: CliIo, directories: readonly string[]): Promise<unknown> {
  const container = process.constrainedMemory();
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    openssl: process.versions.openssl,
    os: { platform: platform(), release: release(), arch: arch(), uptime_seconds: uptime(), load: loadavg() },
    processors: { model: cpus()[0]?.model, count: cpus().length, available: availableParallelism() },
    memory: {
      total_bytes: totalmem(),
      free_bytes: freemem(),
      // Unlimited containers answer 0 or more than there is.
      container_limit_bytes: container > 0 && container < totalmem() ? container : null,
    },
    disks: await Promise.all(directories.map(diskFacts)),
    variables_set: Object.keys(io.env)
      .filter((name) => NAMES.test(name))
      .sort(),
  };
}

async function diskFacts(directory: string): Promise<unknown> {
  try {
    const { type, bsize, blocks, bavail, files, ffree } = await statfs(directory);
    return {
      directory,
      type: `0x${type.toString(16)}`,
      total_bytes: bsize * blocks,
      available_bytes: bsize * bavail,
      inodes: files,
      inodes_free: ffree,
    };
  } catch (error) {
    return { directory, error: messageOf(error) };
  }
}

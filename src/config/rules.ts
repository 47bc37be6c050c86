/** The rules between settings: each can be broken by values that are fine alone. Pure. Rules of single values are `schema.ts`. */
import type { Path } from './positions.ts';
import type { Settings } from './settings.ts';

export interface Rule {
  /** The file's keys the rule is about; the fault is shown at the first. */
  readonly keys: readonly [string, ...string[]];
  readonly holds: (settings: Settings) => boolean;
  readonly message: string;
}

const LEAST_REWRITE_BYTES = 64 * 1024 * 1024;

const RULES: readonly Rule[] = [
  {
    keys: ['server.max_body', 'memory.budget'],
    holds: ({ server, memory }) => server.maxBodyBytes <= memory.budgetBytes / 2,
    message: 'is more than half of memory.budget: one request must fit beside its records',
  },
  {
    keys: ['server.limits.body_memory', 'server.max_body'],
    holds: ({ server }) => server.maxBodyBytes <= server.bodyMemoryBytes,
    message: 'is less than server.max_body: the largest request would never fit',
  },
  {
    keys: ['server.limits.body_memory', 'memory.budget'],
    holds: ({ server, memory }) => server.bodyMemoryBytes <= memory.budgetBytes,
    message: 'is more than memory.budget, of which it is a part',
  },
  {
    keys: ['server.drain_delay', 'server.shutdown_grace'],
    holds: ({ server }) => server.drainDelayMs <= server.shutdownGraceMs,
    message: 'is longer than server.shutdown_grace, of which it is a part',
  },
  {
    keys: ['server.limits.header_timeout', 'server.limits.request_timeout'],
    holds: ({ server }) => server.headerTimeoutMs <= server.requestTimeoutMs,
    message: 'is longer than request_timeout, of which it is a part',
  },
  {
    keys: ['log.segment_bytes', 'log.max_bytes'],
    holds: ({ log }) => log.segmentBytes * 4 <= log.maxBytes,
    message: 'is more than a quarter of log.max_bytes: the log trims whole segments',
  },
  {
    keys: ['log.table_share', 'log.max_bytes', 'server.max_body'],
    holds: ({ server, log }) => server.maxBodyBytes <= log.maxBytes * log.tableShare,
    message: 'leaves a table less than server.max_body: the largest request would never fit',
  },
  {
    keys: ['checkpoint.max_bytes', 'log.max_bytes'],
    holds: ({ checkpoint, log }) => checkpoint.maxBytes * 3 <= log.maxBytes,
    message: 'is more than a third of log.max_bytes: two sealed checkpoints may wait while the next one fills',
  },
  {
    keys: ['maintenance.memory', 'maintenance.threads'],
    holds: ({ maintenance: { memoryBytes, threads } }) => memoryBytes >= LEAST_REWRITE_BYTES * (1 + threads),
    message: 'is less than 64 MiB and 64 MiB a thread, which one file takes',
  },
  {
    keys: ['maintenance.compaction.max_group', 'file.target'],
    holds: ({ maintenance, file }) => maintenance.compaction.maxGroupBytes >= file.targetBytes,
    message: 'is less than file.target: no file of that size could be made',
  },
  {
    keys: ['file.compression', 'encoder'],
    holds: ({ encoder, file }) => encoder === 'duckdb' || file.compression !== 'zstd',
    message: 'zstd needs encoder duckdb; parquetjs writes snappy or none',
  },
];

export const brokenRules = (settings: Settings): readonly Rule[] => RULES.filter(({ holds }) => !holds(settings));

export const pathOfRule = ({ keys }: Rule): Path => keys[0].split('.');

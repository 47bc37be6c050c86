/** Rules about the daemon itself: its log, memory, clock, and what it stands on. */
import { daemonRule, evidence, isoTime, percent, span, tableOf, verdict } from '../rule.ts';

const LOG_SHARE = 0.6;
const LOG_FULL_SHARE = 0.85;
const LOOP_SECONDS = 0.2;
const LOOP_BAD_SECONDS = 1;
const MEMORY_SHARE = 0.85;
const SLOW_DOWNS = 5;
const FAILED_SHARE = 0.01;
const ENOUGH_REQUESTS = 20;
const JUMP_SECONDS = 5;

export const notReady = daemonRule('not-ready', ({ daemon }) => {
  const [first] = daemon.notReady;
  if (first === undefined) return undefined;
  const passing = daemon.notReady.every(({ code }) => code === 'starting' || code === 'draining');
  return verdict(
    passing ? 'warning' : 'error',
    `the daemon takes no records: ${daemon.notReady.map(({ detail }) => detail).join('; ')}`,
    daemon.notReady.map(({ code, detail }) => evidence(code, detail)),
    passing ? 'wait: it passes by itself' : 'mend what is named, then restart the daemon',
    first.code === 'log' ? 'sluice log inspect --summary' : 'sluice validate',
  );
});

export const catalogUnreachable = daemonRule('catalog-unreachable', ({ daemon }) =>
  daemon.catalogError === undefined
    ? undefined
    : verdict(
        'error',
        `the catalog does not answer: ${daemon.catalogError}`,
        [evidence('error', daemon.catalogError)],
        'make the catalog answer; records are taken into the log until it is full',
        'sluice validate',
      ),
);

export const logFilling = daemonRule('log-filling', ({ daemon, tables }) => {
  const { log, now, settings } = daemon;
  if (log === undefined || log.bytes < LOG_SHARE * log.maxBytes) return undefined;
  const age = log.oldestAt === undefined ? 0 : Math.max(0, (now - log.oldestAt) / 1000);
  const holders = tables
    .filter(({ status }) => status.lagBytes > 0)
    .sort((a, b) => b.status.lagBytes - a.status.lagBytes);
  const [worst] = holders;
  const held =
    worst !== undefined && worst.status.lagBytes > log.bytes / 4
      ? `${tableOf(worst)} holds most of it and does not commit fast enough`
      : 'most of it is committed and waits for its grace';
  return verdict(
    log.bytes >= LOG_FULL_SHARE * log.maxBytes ? 'error' : 'warning',
    `the log is ${percent(log.bytes / log.maxBytes)} % full: ${held}; when it is full, producers get 503`,
    [
      evidence('log', log.bytes, 'bytes', LOG_SHARE * log.maxBytes),
      evidence('limit', log.maxBytes, 'bytes'),
      evidence('oldest record', age, 'seconds'),
      ...holders.slice(0, 3).map((table) => evidence(tableOf(table), table.status.lagBytes, 'bytes')),
    ],
    worst !== undefined && worst.status.lagBytes > log.bytes / 4
      ? 'see the findings on that table; `log.max_bytes` wants to be the rate times the longest time the store may be away'
      : `shorten \`log.trim_grace\` (${span(settings.trimGraceMs / 1000)}) or raise \`log.max_bytes\``,
    'sluice log inspect --summary',
  );
});

export const eventLoop = daemonRule('event-loop', ({ daemon, tables }) => {
  const { p99Seconds, maxSeconds } = daemon.eventLoop;
  if (p99Seconds < LOOP_SECONDS && maxSeconds < LOOP_BAD_SECONDS) return undefined;
  const [busiest] = [...tables].sort((a, b) => b.intake.recordsPerSecond - a.intake.recordsPerSecond);
  return verdict(
    'warning',
    `the event loop is held up for ${maxSeconds.toFixed(2)} seconds at a time: every request waits for it`,
    [
      evidence('delay, 99th percentile', p99Seconds, 'seconds', LOOP_SECONDS),
      evidence('longest delay', maxSeconds, 'seconds', LOOP_BAD_SECONDS),
      ...(busiest === undefined || busiest.intake.recordsPerSecond === 0
        ? []
        : [evidence(`busiest table: ${tableOf(busiest)}`, busiest.intake.recordsPerSecond, 'records/s')]),
    ],
    'give the daemon a processor of its own, lower `server.max_body`, or send part of the tables to a second daemon',
    'sluice top --once',
  );
});

export const memory = daemonRule('memory', ({ daemon, tables }) => {
  const { bodiesUsed, bodiesLimit, heapUsed, heapLimit, resident, machine } = daemon.memory;
  const shares: readonly (readonly [string, number, number])[] = [
    ['request bodies', bodiesUsed, bodiesLimit],
    ['JavaScript heap', heapUsed, heapLimit],
    ['process', resident, machine],
  ];
  const tight = shares.filter(([, used, limit]) => limit > 0 && used / limit >= MEMORY_SHARE);
  if (tight.length === 0) return undefined;
  const [largest] = [...tables].sort((a, b) => b.status.lagBytes - a.status.lagBytes);
  const fatal = tight.some(([name]) => name !== 'request bodies');
  return verdict(
    fatal ? 'error' : 'warning',
    `memory is tight: ${tight.map(([name, used, limit]) => `${name} at ${percent(used / limit)} %`).join(', ')}`,
    [
      ...tight.map(([name, used, limit]) => evidence(name, used, 'bytes', MEMORY_SHARE * limit)),
      ...(largest === undefined || largest.status.lagBytes === 0
        ? []
        : [evidence(`largest buffers: ${tableOf(largest)}`, largest.status.lagBytes, 'bytes')]),
    ],
    fatal
      ? 'give the daemon more memory, or lower `memory.budget` and `memory.duckdb`'
      : 'requests over the budget get 503; raise `memory.budget`, or send smaller batches',
    'sluice top --once',
  );
});

export const storeSlowDown = daemonRule('store-slow-down', ({ daemon }) => {
  const { requests, slowDowns } = daemon.store;
  if (slowDowns < SLOW_DOWNS) return undefined;
  return verdict(
    'warning',
    `the object store asked ${slowDowns} times to slow down over the last ${span(daemon.windowSeconds)}`,
    [evidence('slow-downs', slowDowns, '', SLOW_DOWNS), evidence('requests', requests)],
    'raise `checkpoint.interval`, so that fewer requests carry more; ask the store for a higher rate on the prefix of the warehouse',
    'sluice validate',
  );
});

export const storeErrors = daemonRule('store-errors', ({ daemon }) => {
  const { requests, failed } = daemon.store;
  if (requests < ENOUGH_REQUESTS || failed / requests < FAILED_SHARE) return undefined;
  return verdict(
    'error',
    `${percent(failed / requests)} % of the requests to the object store failed for good over the last ${span(daemon.windowSeconds)}`,
    [evidence('failed', percent(failed / requests), '%', FAILED_SHARE * 100), evidence('requests', requests)],
    'see that the store answers and that the credentials still hold',
    'sluice validate',
  );
});

export const clockBack = daemonRule('clock', ({ daemon }) => {
  const { clockJump } = daemon;
  if (clockJump === undefined || Math.abs(clockJump.byMs) < JUMP_SECONDS * 1000) return undefined;
  return verdict(
    'warning',
    `the clock of this machine went ${clockJump.byMs < 0 ? 'back' : 'forward'} by ${span(Math.abs(clockJump.byMs) / 1000)} at ${isoTime(clockJump.at)}`,
    [evidence('jump', clockJump.byMs / 1000, 'seconds', JUMP_SECONDS)],
    'let a time service steer the clock slowly; times of snapshots are kept in order by moving them ahead',
    'sluice tables',
  );
});

/** What the commands need of the rest, and of the process around them. `service.ts` gives the first, `main.ts` the second; tests give both. */
import type { Readable } from 'node:stream';
import type { ReloadOutcome } from '../contracts/config-port.ts';
import type { QuerySource } from '../contracts/query.ts';
import type { TableUuid } from '../core/ids.ts';
import type { Clock, Random } from '../core/runtime.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { Standing } from '../lane/log-summary.ts';

export interface RunningService {
  /** `http://host:port`, the port that was really bound. */
  readonly url: string;
  /** Where operators' routes answer, when that is another address. */
  readonly adminUrl?: string;
  /** Resolves when every table is recovered or parked and records are accepted. Rejects when that will not come. */
  readonly ready: Promise<void>;
  /** Resolves with the reason if the service ends without being told to; never rejects. */
  readonly failed: Promise<unknown>;
  /** Reads the configuration again and applies what can be; the service's log has the outcome too. Never rejects. */
  reload(): Promise<ReloadOutcome>;
  /**
   * Not ready, go on serving for the drain delay, stop accepting, final checkpoint, close. Idempotent.
   * `checkpointed: false` when the grace ended before all commits had settled: the records are durable and wait in the log.
   */
  stop(): Promise<{ readonly checkpointed: boolean; readonly reason?: string }>;
}

/** One thing that was tried in the world the configuration names. */
export interface Finding {
  /** What was tried: `warehouse: racing conditional writes`. */
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  /** What to try; given with warnings and errors. */
  readonly remedy?: string;
}

export interface StartOptions {
  /** Goes on without damaged bytes of the log, which are kept as files in `<data dir>/skipped`. */
  readonly skipDamagedLog: boolean;
  /** Reads the configuration file again; may throw `misconfigured`. Absent: there is no file. */
  readonly reread?: () => LoadedConfig;
}

export interface CliDeps {
  readonly version: string;
  /** Resolves when the address is bound (so that /livez answers); recovery goes on behind `ready`. */
  startService(settings: Settings, options: StartOptions): Promise<RunningService>;
  /** Canary reads and writes, cleaned up again. Failures are findings, not rejections. */
  checkEnvironment(settings: Settings): Promise<readonly Finding[]>;
  openQuerySource(settings: Settings): Promise<QuerySource>;
  /** How far each table is in the log, by its uuid; undefined when there is no catalog yet. Makes nothing. */
  readStandings(settings: Settings): Promise<ReadonlyMap<TableUuid, Standing> | undefined>;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** The process: streams, environment, signals. */
export interface CliIo {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readFile(path: string): string;
  /**
   * `handler` is called after something in the folder of `path` changed, until the returned function is called. A hint: a file system
   * that tells nothing never calls it.
   */
  onFolderChange(path: string, handler: () => void): () => void;
  /** `handler` is called for each of the signals until the returned function is. */
  onSignal(signals: readonly ('SIGTERM' | 'SIGINT' | 'SIGHUP')[], handler: (signal: string) => void): () => void;
  /** Ends the process now. */
  kill(exitCode: number): void;
}

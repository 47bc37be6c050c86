/**
 * The order of stopping (design §4): not ready → drain delay → stop accepting → final checkpoint → close. Owns the order and the grace,
 * which counts from when the daemon was told to stop (or, if it was still starting, from when it had started).
 */
import type { Coordinator } from '../checkpoint/coordinator.ts';
import type { ServerSettings } from '../config/settings.ts';
import { messageOf } from '../core/errors.ts';
import { formatTableName } from '../core/ids.ts';
import type { Clock } from '../core/runtime.ts';
import type { IcebergView } from '../iceberg/iceberg-format.ts';
import type { PreparedAppend } from '../iceberg/prepared-append.ts';
import type { LateIngest } from './late-ingest.ts';
import type { Listeners } from './listeners.ts';

type Tables = Coordinator<IcebergView, PreparedAppend>;

export interface StopResult {
  readonly checkpointed: boolean;
  readonly reason?: string;
}

/** Requests under way get this long to be answered, also when the grace is used up. */
const ANSWERS_MS = 1_000;

/** Stops taking records in, then commits what was acknowledged, within the grace. Resolves in any case. */
export async function drain(
  ingest: LateIngest,
  coordinator: () => Tables | undefined,
  server: Pick<ServerSettings, 'drainDelayMs' | 'shutdownGraceMs'>,
  clock: Clock,
  warn: (facts: object, message: string) => void,
): Promise<StopResult> {
  const until = clock.monotonic() + server.shutdownGraceMs;
  if (ingest.open) await clock.sleep(server.drainDelayMs);
  await ingest.close('the daemon is stopping');
  const left = Math.max(0, Math.ceil(until - clock.monotonic()));
  try {
    await coordinator()?.drain('shutdown', AbortSignal.timeout(left));
  } catch (error) {
    warn({ error: messageOf(error) }, 'the grace ended before every table had committed; the records wait in the log');
    return { checkpointed: false, reason: 'the grace ended; the records wait in the log' };
  }
  const stopped = coordinator()?.pipelines.find(
    (pipeline) => pipeline.state.kind === 'stopped' && pipeline.lag.records > 0n,
  );
  return stopped === undefined
    ? { checkpointed: true }
    : {
        checkpointed: false,
        reason: `table ${formatTableName(stopped.name)} has stopped; its records wait in the log`,
      };
}

/** Refuses connections, answers the requests under way and ends every loop; connections that stay are cut. */
export async function closeFront(api: Listeners, coordinator: Tables | undefined, clock: Clock): Promise<void> {
  const closed = api.close();
  // Before waiting for the connections: some wait for a commit that this ends.
  await coordinator?.stop();
  const waiting = new AbortController();
  const late = clock.sleep(ANSWERS_MS, waiting.signal).then(
    () => api.cut(),
    () => undefined,
  );
  await closed;
  waiting.abort();
  await late;
}

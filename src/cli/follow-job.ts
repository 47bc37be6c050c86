/** A job of the daemon followed to its end: a bar on a terminal, and whoever wants to hears of each state. Owns how often it is asked for. */
import type { ApiClient } from './api-client.ts';
import type { CommandContext } from './command-context.ts';
import { hasEnded, type JobJson } from './job-wire.ts';
import { barOf } from './progress-line.ts';
import { grouped, humanBytes } from './terminal.ts';

const LOOK_MS = 250;
const CLEAR = '\r\u001b[K';

/** Asking again and again goes through every proxy; the stream of events is for browsers and programs. */
export async function toTheEnd(
  { io }: CommandContext,
  client: ApiClient,
  started: JobJson,
  onState: (job: JobJson) => void = () => undefined,
): Promise<JobJson> {
  const onTerminal = io.stderr.isTTY === true;
  const clear = (): void => {
    if (onTerminal) io.stderr.write(CLEAR);
  };
  for (let job = started; ;) {
    clear();
    onState(job);
    if (hasEnded(job)) return job;
    if (onTerminal) io.stderr.write(progressText(job));
    await io.clock.sleep(LOOK_MS);
    job = (await client.expect('GET', `/api/v1/jobs/${started.job}`)) as JobJson;
  }
}

/** `██░░  50 %  1.5 MiB of 3.0 MiB`, `running  1,250 objects`. */
function progressText({ state, progress: { done, total, unit } }: JobJson): string {
  const amount = (value: number): string => (unit === 'bytes' ? humanBytes(value) : grouped(value));
  const named = unit === 'bytes' ? '' : ` ${unit}`;
  if (total > 0) return `${barOf(Math.min(1, done / total))}  ${amount(done)} of ${amount(total)}${named}`;
  return done === 0 ? state : `${state}  ${amount(done)}${named}`;
}

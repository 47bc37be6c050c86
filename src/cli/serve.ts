/** Running the service in the foreground: signals, reloads, the order of stopping, and what its end means for the exit code. */
import { messageOf } from '../core/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { CommandContext } from './command-context.ts';
import type { RunningService, StartOptions } from './deps.ts';
import { CliFailure } from './failure.ts';
import { watchFile } from './watch-file.ts';

/** Exit code of a process that a second signal ended: nothing acknowledged is lost, the log is replayed at the next start. */
const FORCED = 1;

export interface ServeOptions extends StartOptions {
  /** SIGHUP reads the configuration again; otherwise it ends the process, as a closed terminal does. */
  readonly reloadOnHangup: boolean;
  /** A file whose changes have the configuration read again. */
  readonly watch?: string;
}

/** Resolves after a clean stop; every other end is a failure. `whenReady` runs once records are accepted. */
export async function serve(
  { deps, io }: CommandContext,
  settings: Settings,
  whenReady: (service: RunningService) => Promise<void>,
  options: ServeOptions = { skipDamagedLog: false, reloadOnHangup: false },
): Promise<void> {
  let signals = 0;
  let onStop: () => void = () => undefined;
  const stopAsked = new Promise<'stop'>((resolve) => (onStop = () => resolve('stop')));
  // Listening from before the start: a signal that comes early stops the service as soon as there is one.
  const unlisten = io.onSignal(['SIGTERM', 'SIGINT'], (signal) => {
    signals += 1;
    if (signals > 1) io.kill(FORCED);
    io.stderr.write(`${signal}: stopping after a last checkpoint; once more ends the process at once\n`);
    onStop();
  });
  let reload: () => Promise<unknown> = () => Promise.resolve();
  // What was read at start is what a hang-up before the end of the start asks for.
  const unhook = options.reloadOnHangup ? io.onSignal(['SIGHUP'], () => void reload()) : () => undefined;
  const watching = new AbortController();
  try {
    const service = await deps.startService(settings, options);
    reload = () => service.reload();
    const watched =
      options.watch === undefined ? Promise.resolve() : watchFile(io, options.watch, reload, watching.signal);
    const failed = service.failed.then((cause) => ({ cause }));
    const readiness = service.ready
      .then(() => whenReady(service))
      .then(
        () => undefined,
        (cause: unknown) => ({ cause }),
      );
    // Readiness ends nothing by itself unless it failed.
    const broken = readiness.then((failure) => failure ?? new Promise<never>(() => undefined));
    const end = await Promise.race([stopAsked, failed, broken]);
    watching.abort();
    await watched;
    const stopped = await service.stop();
    if (end !== 'stop')
      throw end.cause instanceof Error ? end.cause : new CliFailure(1, messageOf(end.cause), 'see the log above');
    if (!stopped.checkpointed)
      throw new CliFailure(
        75,
        `stopped before every table had committed: ${stopped.reason ?? 'the grace ended'}`,
        'start again: what was acknowledged is in the log and will be committed; a longer server.shutdown_grace avoids this',
      );
  } finally {
    watching.abort();
    unhook();
    unlisten();
  }
}

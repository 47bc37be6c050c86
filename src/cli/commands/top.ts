/** `sluice top`: the tables of a daemon, live. Redraws the screen; one frame where there is none. Owns terminal and loop. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/units.ts';
import { isSluiceError } from '../../core/errors.ts';
import type { Answer } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import type { CliIo } from '../deps.ts';
import type { DiagnosisJson } from '../finding-json.ts';
import { frameOf, type FrameSize } from '../top-frame.ts';

interface TopOptions extends ClientOptions {
  readonly once?: boolean;
  readonly interval: number;
}

/** Alternate screen and no cursor; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';
/** q, Q and Ctrl-C, which is no signal while keys come raw. */
const END_KEYS = new Set([0x71, 0x51, 0x03]);
const PATH = '/api/v1/diagnose';

export const topCommand = (context: CommandContext): Command =>
  withClient(new Command('top'))
    .description(
      'watch the tables of a daemon: state, rows a second, lag, freshness, health, log and budgets; q ends it',
    )
    .option('--once', 'one picture, then end (so it is where the output is no terminal)')
    .addOption(new Option('--interval <duration>', 'time between pictures').argParser(interval).default(2_000, '2s'))
    .action(async (options: TopOptions) => {
      const { io } = context;
      const client = clientOf(context, options);
      const terminal = terminalOf(context, options);
      if (options.once === true || io.stdout.isTTY !== true || options.output === 'json') {
        const diagnosis = (await client.expect('GET', PATH)) as DiagnosisJson;
        if (options.output === 'json') terminal.json(diagnosis);
        else
          io.stdout.write(
            frameOf(client.url, diagnosis, { columns: Number.POSITIVE_INFINITY })
              .map((line) => `${line}\n`)
              .join(''),
          );
        return;
      }
      await live(io, options.interval, async () => linesOf(client.url, await client.request('GET', PATH), sizeOf(io)));
    });

/** What the screen shows, also while the daemon is away. */
function linesOf(url: string, answer: Answer, size: FrameSize): readonly string[] {
  switch (answer.kind) {
    case 'ok':
      return frameOf(url, answer.body as DiagnosisJson, size);
    case 'problem':
      return [`${url}: ${answer.problem.title}: ${answer.problem.detail}`.slice(0, size.columns)];
    case 'unreachable':
    case 'no-answer':
    case 'not-trusted':
      return [`no daemon answers at ${url} (${answer.cause}); asking again`.slice(0, size.columns)];
  }
}

/** Ends at q, Ctrl-C or a signal, and leaves the terminal as it was. */
async function live(io: CliIo, intervalMs: number, picture: () => Promise<readonly string[]>): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const unlisten = io.onSignal(['SIGTERM', 'SIGINT'], end);
  const keyboard = io.stdin as typeof io.stdin & { readonly setRawMode?: (raw: boolean) => unknown };
  const onKeys = (keys: Buffer): void => {
    if (keys.some((key) => END_KEYS.has(key))) end();
  };
  keyboard.setRawMode?.(true);
  keyboard.on('data', onKeys);
  io.stdout.write(ENTER);
  try {
    while (!ending.signal.aborted) {
      const lines = await picture();
      io.stdout.write(`${HOME}${lines.map((line) => `${line}${REST_OF_LINE}`).join('\n')}${REST_OF_SCREEN}`);
      await io.clock.sleep(intervalMs, ending.signal);
    }
  } catch (error) {
    if (!isSluiceError(error, 'closed')) throw error;
  } finally {
    io.stdout.write(LEAVE);
    keyboard.setRawMode?.(false);
    keyboard.off('data', onKeys);
    keyboard.pause();
    unlisten();
  }
}

const sizeOf = ({ stdout }: CliIo): FrameSize => ({
  columns: stdout.columns ?? 80,
  ...(stdout.rows === undefined ? {} : { rows: stdout.rows }),
});

function interval(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 100) throw new InvalidArgumentError('expected a duration of at least 100ms, such as 2s');
  return ms;
}

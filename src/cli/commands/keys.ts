/** `sluice keys`: API keys made, listed, rotated and revoked in the keys file. A running daemon notices by itself; none needs to run. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { stateOf, type ApiKey } from '../../access/api-key.ts';
import { appendLines } from '../../access/line-file.ts';
import { auditLine } from '../../access/audit-log.ts';
import { createKey, revokeKey, rotateKey, type KeyChange } from '../../access/key-changes.ts';
import { changeKeyFile, readKeyFile } from '../../access/key-file.ts';
import type { Settings } from '../../config/settings.ts';
import { messageOf } from '../../core/errors.ts';
import { parseCount, parseDuration, parseSize } from '../../config/units.ts';
import { SCOPE_RULE, formatScope, parseScope, type Scope } from '../../record/scopes.ts';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { settingsOf, terminalOf, withConfig } from '../command-context.ts';
import { CliFailure } from '../failure.ts';

interface CreateOptions extends ConfigOptions {
  readonly name?: string;
  readonly scope: readonly Scope[];
  readonly expires?: number;
  readonly requestsPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly requestsInFlight?: number;
}

interface RotateOptions extends ConfigOptions {
  readonly overlap: number;
}

export const keysCommand = (context: CommandContext): Command =>
  new Command('keys')
    .description('make, list, rotate and revoke API keys')
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(rotateCommand(context))
    .addCommand(revokeCommand(context));

const createCommand = (context: CommandContext): Command =>
  withConfig(new Command('create'))
    .description('make a key; its text is printed once and kept nowhere')
    .addOption(
      new Option('--scope <scope>', 'append, read, maintain or admin, alone or as append:web.*; may be given again')
        .argParser(scopes)
        .makeOptionMandatory(),
    )
    .option('--name <name>', 'whose it is, for lists')
    .option('--expires <duration>', 'good for so long, such as 90d', duration)
    .option('--requests-per-second <count>', 'instead of auth.limits', count)
    .option('--bytes-per-second <size>', 'instead of auth.limits', size)
    .option('--requests-in-flight <count>', 'instead of auth.limits', count)
    .action(async (options: CreateOptions) => {
      const { clock, random } = context.io;
      const now = clock.now();
      const { requestsPerSecond, bytesPerSecond, requestsInFlight } = options;
      const changed = await change(context, options, 'keys create', (keys) =>
        createKey(
          keys,
          {
            name: options.name,
            scopes: options.scope,
            expiresAt: options.expires === undefined ? undefined : now + options.expires,
            limits: {
              ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
              ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
              ...(requestsInFlight === undefined ? {} : { requestsInFlight }),
            },
          },
          now,
          random,
        ),
      );
      show(context, options, changed);
    });

const listCommand = (context: CommandContext): Command =>
  withConfig(new Command('list'))
    .description('list the keys with their scopes and state')
    .action((options: ConfigOptions) => {
      const { keysFile } = settingsOf(context, options).auth;
      const keys = readKeyFile(keysFile) ?? [];
      const rows = keys.map((key) => factsOf(key, context.io.clock.now()));
      terminalOf(context, options).table(
        rows,
        rows,
        [
          { title: 'ID', value: (row) => row.id },
          { title: 'NAME', value: (row) => row.name },
          { title: 'STATE', value: (row) => row.state },
          { title: 'SCOPES', value: (row) => row.scopes.join(' ') },
          { title: 'CREATED', value: (row) => row.created },
          { title: 'EXPIRES', value: (row) => row.expires },
        ],
        `no keys in ${keysFile}`,
      );
    });

const rotateCommand = (context: CommandContext): Command =>
  withConfig(new Command('rotate'))
    .description('give a key a new secret; the old one goes on for the overlap')
    .argument('<id>', 'as `sluice keys list` shows it')
    .option('--overlap <duration>', 'how long the old secret stays good; 0 ends it at once', duration, 24 * 3_600_000)
    .action(async (id: string, options: RotateOptions) => {
      const { clock, random } = context.io;
      const changed = await change(context, options, 'keys rotate', (keys) =>
        rotateKey(keys, id, options.overlap, clock.now(), random),
      );
      show(context, options, changed);
    });

const revokeCommand = (context: CommandContext): Command =>
  withConfig(new Command('revoke'))
    .description('end a key for ever, within seconds')
    .argument('<id>', 'as `sluice keys list` shows it')
    .action(async (id: string, options: ConfigOptions) => {
      const changed = await change(context, options, 'keys revoke', (keys) =>
        revokeKey(keys, id, context.io.clock.now()),
      );
      show(context, options, changed);
    });

type Changed = Extract<KeyChange, { kind: 'changed' }>;

/** The file first, the audit trail after: a line tells what is. */
async function change(
  context: CommandContext,
  options: ConfigOptions,
  action: string,
  decide: (keys: readonly ApiKey[]) => KeyChange,
): Promise<Changed> {
  const settings = settingsOf(context, options);
  let outcome: KeyChange | undefined;
  changeKeyFile(settings.auth.keysFile, (keys) => {
    outcome = decide(keys);
    return outcome.kind === 'changed' ? outcome.keys : undefined;
  });
  if (outcome?.kind === 'changed') {
    await tell(context, settings, action, outcome.key);
    return outcome;
  }
  throw new CliFailure(
    1,
    outcome?.kind === 'ended' ? `the key is ${outcome.state}; it cannot be rotated` : 'there is no key with this id',
    outcome?.kind === 'ended' ? 'make another with `sluice keys create`' : '`sluice keys list` shows the ids',
  );
}

async function tell({ io }: CommandContext, { audit }: Settings, action: string, key: ApiKey): Promise<void> {
  const event = {
    who: `local:${userInfo().username}`,
    action,
    outcome: 'done' as const,
    detail: `${key.id} ${key.scopes.map(formatScope).join(' ')}`,
  };
  try {
    await mkdir(dirname(audit.path), { recursive: true });
    await appendLines(audit.path, auditLine(event, io.clock.now()));
  } catch (error) {
    io.stderr.write(`the change is made, but the audit log cannot be written: ${messageOf(error)}\n`);
  }
}

function show(context: CommandContext, options: ConfigOptions, { key, secret }: Changed): void {
  const facts = { ...factsOf(key, context.io.clock.now()), ...(secret === undefined ? {} : { key: secret }) };
  const terminal = terminalOf(context, options);
  terminal.facts(
    facts,
    Object.entries(facts).map(([name, value]) => [name, Array.isArray(value) ? value.join(' ') : value] as const),
  );
  if (secret !== undefined) terminal.note('the key is shown this once; keep it where your secrets are');
}

const factsOf = (key: ApiKey, now: number) => ({
  id: key.id,
  ...(key.name === undefined ? {} : { name: key.name }),
  state: stateOf(key, now),
  scopes: key.scopes.map(formatScope),
  created: new Date(key.createdAt).toISOString(),
  ...(key.expiresAt === undefined ? {} : { expires: new Date(key.expiresAt).toISOString() }),
  ...(key.revokedAt === undefined ? {} : { revoked: new Date(key.revokedAt).toISOString() }),
  ...(key.previous === undefined ? {} : { old_secret_until: new Date(key.previous.until).toISOString() }),
});

function scopes(text: string, before: readonly Scope[] | undefined): readonly Scope[] {
  return [...(before ?? []), valid(parseScope(text), SCOPE_RULE)];
}

const duration = (text: string): number => valid(parseDuration(text), 'a duration such as 90d, 24h or 0');
const count = (text: string): number => valid(parseCount(text), 'a whole number');
const size = (text: string): number => valid(parseSize(text), 'a size such as 10MiB');

function valid<T>(value: T | undefined, expected: string): T {
  if (value === undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
  return value;
}

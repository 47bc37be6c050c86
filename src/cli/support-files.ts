/**
 * What goes into a support bundle: configuration by type, what the daemon says of itself, the log added up, the machine. Owns the list.
 * Never records, never file names with partition values in them, never secrets; whatever could not be had is named with its reason.
 */
import { open } from 'node:fs/promises';
import { formatFault, parseSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { messageOf } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';
import { tablePath } from './api-client.ts';
import { clientOf, type ClientOptions, type CommandContext } from './command-context.ts';
import { environmentFacts } from './environment-facts.ts';
import { logReportJson, readLogReport } from './log-report.ts';
import { Redactor, secretsIn, secretsOfEnvironment } from './redact.ts';
import type { ArchiveFile } from './tar.ts';

const TABLES_DESCRIBED = 200;
const CHECKPOINTS_KEPT = 50;
/** Of the end of the daemon's own log file. */
const LOG_TAIL_BYTES = 1024 * 1024;

export interface SupportOptions extends Omit<ClientOptions, 'output'> {
  readonly logFile?: string;
}

export async function supportFiles(context: CommandContext, options: SupportOptions): Promise<readonly ArchiveFile[]> {
  const { io, deps } = context;
  const files: { readonly name: string; readonly value: unknown }[] = [];
  const missing: { readonly what: string; readonly why: string }[] = [];
  const add = async (name: string, make: () => Promise<unknown>): Promise<void> => {
    try {
      files.push({ name, value: await make() });
    } catch (error) {
      missing.push({ what: name, why: messageOf(error) });
    }
  };

  const settings = settingsOrFaults(context, options);
  if (settings.kind === 'faults') files.push({ name: 'configuration.json', value: { faults: settings.faults } });
  else {
    files.push({ name: 'configuration.json', value: settings.settings });
    await add('log.json', async () => logReportJson(await readLogReport(context, settings.settings)));
  }
  await add('environment.json', () =>
    environmentFacts(io, settings.kind === 'faults' ? [] : [settings.settings.dataDir, settings.settings.log.dir]),
  );
  await add('daemon', () => addDaemon(clientOf(context, options), clientOf(context, options, 'operators'), add));
  const { logFile } = options;
  if (logFile !== undefined) await add('daemon.log', () => tailOf(logFile));

  const redactor = new Redactor([
    ...(settings.kind === 'faults' ? [] : secretsIn(settings.settings)),
    ...secretsOfEnvironment(io.env),
  ]);
  const about = { sluice: deps.version, made_at: new Date(io.clock.now()).toISOString(), missing };
  return [{ name: 'about.json', value: about }, ...files.filter(({ value }) => value !== undefined)].map(
    ({ name, value }) => ({
      name,
      bytes: Buffer.from(typeof value === 'string' ? redactor.text(value) : redactor.json(value)),
    }),
  );
}

type Configured =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

function settingsOrFaults({ io }: CommandContext, { config }: SupportOptions): Configured {
  try {
    const parsed = parseSettings(config === undefined ? '' : io.readFile(config), config ?? 'defaults', {
      env: io.env,
      readFile: (path) => io.readFile(path),
      directory: io.directory,
    });
    return parsed.kind === 'invalid'
      ? { kind: 'faults', faults: parsed.faults.map(formatFault) }
      : { kind: 'settings', settings: parsed.settings };
  } catch (error) {
    return { kind: 'faults', faults: [messageOf(error)] };
  }
}

async function addDaemon(
  client: ApiClient,
  operators: ApiClient,
  add: (name: string, make: () => Promise<unknown>) => Promise<void>,
): Promise<undefined> {
  const version = await client.expect('GET', '/version');
  const get = (name: string, path: string): Promise<void> => add(name, () => client.expect('GET', path));
  await add('version.json', () => Promise.resolve(version));
  await get('ready.json', '/readyz');
  await add('metrics.txt', () => operators.expect('GET', '/metrics'));
  await get('diagnosis.json', '/api/v1/diagnose');
  const { tables } = (await client.expect('GET', '/api/v1/tables')) as {
    readonly tables: readonly { readonly table: string }[];
  };
  await add('tables.json', () => Promise.resolve({ tables }));
  // Names of tables may be longer than an archive takes: files are numbered, and say the name themselves.
  for (const [index, { table }] of tables.slice(0, TABLES_DESCRIBED).entries()) {
    const prefix = `tables/${String(index + 1).padStart(3, '0')}`;
    await get(`${prefix}-describe.json`, tablePath(table));
    await get(`${prefix}-health.json`, `${tablePath(table)}/health`);
    await add(`${prefix}-checkpoints.json`, async () => {
      const { checkpoints } = (await client.expect('GET', `${tablePath(table)}/checkpoints`)) as {
        readonly checkpoints: readonly unknown[];
      };
      return { table, checkpoints: checkpoints.slice(-CHECKPOINTS_KEPT) };
    });
  }
  return undefined;
}

/** Whole lines only. */
async function tailOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - LOG_TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

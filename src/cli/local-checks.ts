/** What can be found out without a daemon: configuration, the world it names, the log. Owns the checks and their words. */
import { formatFault, parseSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { messageOf } from '../core/errors.ts';
import type { CommandContext, ConfigOptions } from './command-context.ts';
import type { FindingJson } from './finding-json.ts';
import { readLogReport } from './log-report.ts';

export interface LocalChecks {
  readonly findings: readonly FindingJson[];
  /** What was looked at and found in order. */
  readonly fine: readonly string[];
}

export async function checkLocally(context: CommandContext, options: ConfigOptions): Promise<LocalChecks> {
  const loaded = loadConfiguration(context, options);
  if (loaded.kind === 'broken') return { findings: [loaded.finding], fine: [] };
  const fine = [`configuration: ${options.config ?? 'the built-in defaults'}`];
  const findings: FindingJson[] = [];
  for (const { check, level, message, remedy } of await context.deps.checkEnvironment(loaded.settings))
    if (level === 'ok') fine.push(`${check}: ${message}`);
    else
      findings.push({
        rule: 'environment',
        severity: level,
        verdict: `${check}: ${message}`,
        evidence: [],
        try: remedy ?? 'mend what the check names',
        command: 'sluice validate',
      });
  const log = await logFindings(context, loaded.settings);
  return { findings: [...findings, ...log.findings], fine: [...fine, ...log.fine] };
}

type Loaded =
  | { readonly kind: 'loaded'; readonly settings: Settings }
  | { readonly kind: 'broken'; readonly finding: FindingJson };

function loadConfiguration({ io }: CommandContext, { config }: ConfigOptions): Loaded {
  const broken = (verdict: string, faults: readonly string[]): Loaded => ({
    kind: 'broken',
    finding: {
      rule: 'configuration',
      severity: 'error',
      verdict,
      evidence: faults.map((fault) => ({ name: 'fault', value: fault, unit: '' })),
      try: 'mend the lines that are named',
      command: 'sluice validate --no-environment',
    },
  });
  let text: string;
  try {
    text = config === undefined ? '' : io.readFile(config);
  } catch (error) {
    return broken(`configuration file ${config ?? ''} cannot be read: ${messageOf(error)}`, []);
  }
  const parsed = parseSettings(text, config ?? 'defaults', {
    env: io.env,
    readFile: (path) => io.readFile(path),
    directory: io.directory,
  });
  return parsed.kind === 'invalid'
    ? broken(`the configuration has ${parsed.faults.length} faults`, parsed.faults.map(formatFault))
    : { kind: 'loaded', settings: parsed.settings };
}

async function logFindings(context: CommandContext, settings: Settings): Promise<LocalChecks> {
  try {
    const { directory, summary } = await readLogReport(context, settings);
    const findings = summary.damaged.map(({ kind, file, start, end, why }): FindingJson => {
      const isCorrupt = kind === 'corrupt';
      return {
        rule: 'log-damaged',
        severity: isCorrupt ? 'error' : 'info',
        verdict: `${directory}/${file} is ${kind} from byte ${start}: ${why}`,
        evidence: [
          { name: 'from', value: start, unit: 'bytes' },
          { name: 'to', value: end, unit: 'bytes' },
        ],
        try: isCorrupt
          ? 'restore the file from a copy of the volume, or start with --skip: the bytes are then kept aside'
          : 'nothing: the next start goes on without it, no acknowledged record is in there',
        command: isCorrupt ? 'sluice log inspect --damaged' : 'sluice log inspect --summary',
      };
    });
    const pending = summary.tables.reduce((sum, table) => sum + (table.pendingRecords ?? table.records), 0);
    return {
      findings,
      fine:
        findings.length > 0 ? [] : [`log: ${summary.segments.length} files, ${pending} records wait for their tables`],
    };
  } catch (error) {
    return {
      findings: [
        {
          rule: 'log-unreadable',
          severity: 'error',
          verdict: `the log in ${settings.log.dir} cannot be read: ${messageOf(error)}`,
          evidence: [],
          try: 'see that the directory is there and may be read',
          command: 'sluice validate',
        },
      ],
      fine: [],
    };
  }
}

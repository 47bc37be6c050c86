/** `sluice doctor [TABLE]`: what is wrong, why, and what mends it, worst first; without a daemon, what can be found out without one. */
import { Command } from 'commander';
import { isSluiceError } from '../../core/errors.ts';
import type { ApiClient } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { evidenceText, type DiagnosisJson, type FindingJson } from '../finding-json.ts';
import { checkLocally } from '../local-checks.ts';
import type { Terminal } from '../terminal.ts';
import { cell } from '../terminal.ts';

export const doctorCommand = (context: CommandContext): Command =>
  withClient(new Command('doctor'))
    .description(
      'diagnose the daemon and its tables, worst first; exit 1 when a finding is an error. Without a daemon: configuration, environment and log',
    )
    .argument('[table]', 'only this table (namespace.table) and the daemon itself')
    .action(async (table: string | undefined, options: ClientOptions) => {
      const terminal = terminalOf(context, options);
      const asked = await ask(context, options, table);
      if (asked.kind === 'diagnosis') {
        const { diagnosis } = asked;
        if (options.output === 'json') terminal.json({ reachable: true, ...diagnosis });
        else printDiagnosis(terminal, diagnosis, table !== undefined);
        context.exitCode = diagnosis.healthy ? 0 : 1;
        return;
      }
      const { findings, fine } = await checkLocally(context, options);
      const all = [...asked.findings, ...findings];
      if (options.output === 'json') terminal.json({ reachable: false, healthy: false, findings: all, fine });
      else {
        printFindings(terminal, all);
        for (const line of fine) terminal.note(`in order: ${line}`);
      }
      context.exitCode = 1;
    });

type Asked =
  | { readonly kind: 'diagnosis'; readonly diagnosis: DiagnosisJson }
  | { readonly kind: 'alone'; readonly findings: readonly FindingJson[] };

async function ask(context: CommandContext, options: ClientOptions, table: string | undefined): Promise<Asked> {
  let client: ApiClient;
  try {
    client = clientOf(context, options);
  } catch (error) {
    // The address stands in the configuration: the local checks say what is wrong with it.
    if (isSluiceError(error, 'misconfigured')) return { kind: 'alone', findings: [] };
    throw error;
  }
  const query = table === undefined ? '' : `?table=${encodeURIComponent(table)}`;
  const answer = await client.request('GET', `/api/v1/diagnose${query}`);
  switch (answer.kind) {
    case 'ok':
      return { kind: 'diagnosis', diagnosis: answer.body as DiagnosisJson };
    case 'problem':
    case 'not-trusted':
      throw client.failureOf(answer);
    case 'unreachable':
    case 'no-answer':
      return { kind: 'alone', findings: [unreachable(client.url, answer.cause)] };
  }
}

/** What is only good to know takes a line each, unless one table is asked for. */
function printDiagnosis(terminal: Terminal, { findings, tables }: DiagnosisJson, isWhole: boolean): void {
  const brief = findings.filter(({ severity }) => severity === 'info' && !isWhole);
  printFindings(
    terminal,
    findings.filter((finding) => !brief.includes(finding)),
  );
  for (const { severity, rule, verdict } of brief)
    terminal.io.stdout.write(`${terminal.mark('ok', severity)}  ${cell(rule)}: ${cell(verdict)}\n`);
  const looked = `${tables.length} ${tables.length === 1 ? 'table' : 'tables'} looked at`;
  for (const { table, health_score: score, health_worst: worst } of tables)
    if (score !== undefined && worst !== undefined)
      terminal.note(`${table}: health ${score} of 100, ${worst} costs most; sluice health ${table}`);
  terminal.note(findings.length === 0 ? `${looked}: all is well` : looked);
}

const unreachable = (url: string, cause: string): FindingJson => ({
  rule: 'daemon-unreachable',
  severity: 'error',
  verdict: `no daemon answers at ${url}; what follows needs none`,
  evidence: [{ name: 'error', value: cause, unit: '' }],
  try: 'start it, or name another address with --url',
  command: 'sluice run',
});

function printFindings(terminal: Terminal, findings: readonly FindingJson[]): void {
  const { stdout } = terminal.io;
  for (const { rule, severity, verdict, evidence, try: remedy, command } of findings) {
    const mark = terminal.mark(severity === 'info' ? 'ok' : severity, severity);
    stdout.write(`${mark}  ${cell(rule)}: ${cell(verdict)}\n`);
    for (const fact of evidence) stdout.write(`    ${cell(fact.name)}: ${evidenceText(fact)}\n`);
    stdout.write(`    try: ${cell(remedy)}\n    run: ${cell(command)}\n\n`);
  }
}

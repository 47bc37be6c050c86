/** `sluice health TABLE`: the score, what takes points with its figures and the command that mends it; `--history`. */
import { Command } from 'commander';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import { evidenceText, type EvidenceJson } from '../finding-json.ts';
import { cell, grouped } from '../terminal.ts';

interface HealthJson {
  readonly table: string;
  readonly score: number;
  readonly factors: readonly {
    readonly cause: string;
    readonly lost: number;
    readonly evidence: readonly EvidenceJson[];
    readonly try: string;
    readonly command: string;
  }[];
}

interface HistoryJson {
  readonly points: readonly {
    readonly at: string;
    readonly score: number;
    readonly lost: Readonly<Record<string, number>>;
    readonly files: number;
    readonly small_files: number;
    readonly delete_files: number;
    readonly manifests: number;
    readonly snapshots: number;
  }[];
}

export const healthCommand = (context: CommandContext): Command =>
  withClient(new Command('health'))
    .description('show the health of a table from 0 to 100: what takes points, with figures and what mends it')
    .argument('<table>', 'namespace.table')
    .option('--history', 'what it was, latest first')
    .action(async (table: string, options: ClientOptions & { readonly history?: true }) => {
      const client = clientOf(context, options);
      const terminal = terminalOf(context, options);
      const path = `${tablePath(table)}/health`;
      if (options.history === true) {
        const answer = (await client.expect('GET', `${path}/history`)) as HistoryJson;
        terminal.table(
          answer,
          answer.points,
          [
            { title: 'AT', value: (row) => row.at },
            { title: 'HEALTH', value: (row) => row.score, align: 'right' },
            { title: 'FILES', value: (row) => grouped(row.files), align: 'right' },
            { title: 'SMALL', value: (row) => grouped(row.small_files), align: 'right' },
            { title: 'DELETES', value: (row) => grouped(row.delete_files), align: 'right' },
            { title: 'MANIFESTS', value: (row) => grouped(row.manifests), align: 'right' },
            { title: 'SNAPSHOTS', value: (row) => grouped(row.snapshots), align: 'right' },
            { title: 'LOST TO', value: (row) => lostText(row.lost) },
          ],
          'nothing is kept yet: the first look at a table comes within a minute',
        );
        return;
      }
      const health = (await client.expect('GET', path)) as HealthJson;
      if (options.output === 'json') {
        terminal.json(health);
        return;
      }
      const { stdout } = context.io;
      stdout.write(`${cell(health.table)}: health ${health.score} of 100\n`);
      for (const { cause, lost, evidence, try: remedy, command } of health.factors) {
        stdout.write(`\n${cell(cause)} takes ${lost}\n`);
        for (const fact of evidence) stdout.write(`    ${cell(fact.name)}: ${evidenceText(fact)}\n`);
        stdout.write(`    try: ${cell(remedy)}\n    run: ${cell(command)}\n`);
      }
    });

/** `small-files 12, manifests 3`, worst first. */
const lostText = (lost: Readonly<Record<string, number>>): string =>
  Object.entries(lost)
    .sort(([, a], [, b]) => b - a)
    .map(([cause, points]) => `${cause} ${points}`)
    .join(', ');

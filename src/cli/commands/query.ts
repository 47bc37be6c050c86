/** `sluice query "select …"`: SQL over the live files of the catalog's tables. Needs no daemon. */
import { Command } from 'commander';
import { runQuery } from '../../columnar/query/run-query.ts';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { settingsOf, terminalOf, withConfig } from '../command-context.ts';
import { printRows } from '../print-rows.ts';

export const queryCommand = (context: CommandContext): Command =>
  withConfig(new Command('query'))
    .description('run a select over the tables of the catalog; name tables as namespace.table')
    .argument('<sql>', 'one select statement of DuckDB’s SQL')
    .action(async (sql: string, options: ConfigOptions) => {
      const settings = settingsOf(context, options);
      const source = await context.deps.openQuerySource(settings);
      try {
        await runQuery(source, sql, { memoryBytes: settings.memory.duckdbBytes }, (result) =>
          printRows(terminalOf(context, options), result),
        );
      } finally {
        await source.close();
      }
    });

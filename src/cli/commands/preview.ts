/** `sluice preview TABLE`: a few rows of a table. Needs no daemon. */
import { Command, InvalidArgumentError } from 'commander';
import { runQuery, tableReference } from '../../columnar/query/run-query.ts';
import { parseTableName } from '../../record/table-name.ts';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { settingsOf, terminalOf, withConfig } from '../command-context.ts';
import { CliFailure } from '../failure.ts';
import { printRows } from '../print-rows.ts';

interface PreviewOptions extends ConfigOptions {
  readonly rows: number;
}

export const previewCommand = (context: CommandContext): Command =>
  withConfig(new Command('preview'))
    .description('show some rows of a table')
    .argument('<table>', 'namespace.table')
    .option('-n, --rows <count>', 'how many', wholeNumber, 20)
    .action(async (table: string, options: PreviewOptions) => {
      const name = parseTableName(table);
      if (name === undefined)
        throw new CliFailure(2, `"${table}" is not a table name`, 'sluice preview namespace.table');
      const settings = settingsOf(context, options);
      const source = await context.deps.openQuerySource(settings);
      try {
        await runQuery(
          source,
          `select * from ${tableReference(name)} limit ${options.rows}`,
          { memoryBytes: settings.memory.duckdbBytes },
          (result) => printRows(terminalOf(context, options), result),
        );
      } finally {
        await source.close();
      }
    });

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

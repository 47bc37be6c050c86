/** `sluice dev`: the daemon on its local defaults with a sample table in it, and what to type next. */
import { Command } from 'commander';
import type { Settings } from '../../config/settings.ts';
import { formatTableName } from '../../core/ids.ts';
import { ApiClient, tablePath } from '../api-client.ts';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { settingsOf, terminalOf, withConfig } from '../command-context.ts';
import { SAMPLE_NAME, sampleRecords, sampleTable } from '../sample-table.ts';
import { serve } from '../serve.ts';

const RECORDS = 1_000;
/** Fresh enough that the next command sees what this one sent. */
const INTERVAL_MS = 1_000;

export const devCommand = (context: CommandContext): Command =>
  withConfig(new Command('dev'))
    .description(`run locally with a sample table (${SAMPLE_NAME}) and say what to try`)
    .action(async (options: ConfigOptions) => {
      const settings = withSample(settingsOf(context, options));
      const terminal = terminalOf(context, options);
      await serve(context, settings, async ({ url }) => {
        const client = new ApiClient(url, context.io, { apiKey: context.io.env['SLUICE_API_KEY'] });
        const table = (await client.expect('GET', tablePath(SAMPLE_NAME))) as {
          readonly location: string;
          readonly current_snapshot_id: string | null;
        };
        // A second start finds the sample of the first one: it is not sent again.
        if (table.current_snapshot_id === null)
          await client.expect('POST', `${tablePath(SAMPLE_NAME)}/records?ack=committed`, {
            bytes: sampleRecords(RECORDS, context.io),
            contentType: 'application/x-ndjson',
          });
        if (options.output === 'json') {
          terminal.json({ url, table: SAMPLE_NAME, location: table.location });
          return;
        }
        const config = options.config === undefined ? '' : ` -c ${options.config}`;
        context.io.stdout.write(
          `listening on ${url}\n${SAMPLE_NAME} lies at ${table.location}\n\ntry, in another terminal:\n` +
            `  sluice query${config} 'select type, count(*) from ${SAMPLE_NAME} group by all'\n` +
            `  sluice describe${config} ${SAMPLE_NAME}\n` +
            `  curl -X POST '${url}/api/v1/tables/${SAMPLE_NAME}/records?ack=committed' -H 'content-type: application/json' \\\n` +
            `    -d '{"id":"0193f7a0-0000-7000-8000-000000000000","ts":"2026-11-22T10:00:00Z","type":"click"}'\n`,
        );
      });
    });

function withSample(settings: Settings): Settings {
  const sample = sampleTable();
  const present = settings.tables.some((table) => formatTableName(table.name) === SAMPLE_NAME);
  return {
    ...settings,
    checkpoint: { ...settings.checkpoint, intervalMs: Math.min(settings.checkpoint.intervalMs, INTERVAL_MS) },
    tables: present ? settings.tables : [...settings.tables, sample],
  };
}

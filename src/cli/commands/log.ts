/**
 * `sluice log inspect`: what is in the write-ahead log, added up or byte range by byte range. Reads only; a running daemon is not
 * disturbed.
 */
import { Command } from 'commander';
import type { InspectedPart } from '../../lane/inspect-log.ts';
import { inspectLog, recordsOf } from '../../lane/inspect-log.ts';
import { NodeDisk } from '../../lane/node-disk.ts';
import type { CommandContext, ConfigOptions } from '../command-context.ts';
import { settingsOf, terminalOf, withConfig } from '../command-context.ts';
import { CliFailure } from '../failure.ts';
import { printLogReport, readLogReport } from '../log-report.ts';
import { formatTable, grouped } from '../terminal.ts';

interface InspectOptions extends ConfigOptions {
  readonly damaged?: boolean;
  readonly summary?: boolean;
}

/** Lines are aligned over this many parts at a time: a log may hold millions of frames. */
const PARTS_ALIGNED = 500;

const COLUMNS = [
  { title: 'FILE', value: (part: InspectedPart) => part.file },
  { title: 'START', value: (part: InspectedPart) => part.start, align: 'right' as const },
  { title: 'END', value: (part: InspectedPart) => part.end, align: 'right' as const },
  { title: 'PART', value: (part: InspectedPart) => part.kind },
  { title: 'WHAT', value: whatOf },
];

export const logCommand = (context: CommandContext): Command =>
  new Command('log').description('look at the write-ahead log').addCommand(inspectCommand(context));

const inspectCommand = (context: CommandContext): Command =>
  withConfig(new Command('inspect'))
    .description('show every part of the log; exit 1 when something in it is damaged')
    .option(
      '--summary',
      'tables with what waits of them, lanes, segments, parked files and damage, instead of every part',
    )
    .option('--damaged', 'only what is torn, corrupt or skipped')
    .action(async (options: InspectOptions) => {
      const settings = settingsOf(context, options);
      const { dir } = settings.log;
      const terminal = terminalOf(context, options);
      if (options.summary === true) {
        const report = await readLogReport(context, settings);
        printLogReport(terminal, report);
        failIfCorrupt(
          dir,
          report.summary.damaged.find(({ kind }) => kind === 'corrupt'),
        );
        return;
      }
      const { stdout } = context.io;
      let page: InspectedPart[] = [];
      let pages = 0;
      const flush = (): void => {
        const text = formatTable(page, COLUMNS);
        stdout.write(pages === 0 ? text : text.slice(text.indexOf('\n') + 1));
        pages += 1;
        page = [];
      };
      let corrupt: InspectedPart | undefined;
      for await (const part of inspectLog(new NodeDisk(), dir)) {
        if (part.kind === 'corrupt') corrupt ??= part;
        if (options.damaged === true && !['torn', 'corrupt', 'skipped'].includes(part.kind)) continue;
        if (options.output === 'json') terminal.json(jsonOf(part));
        else if (page.push(part) === PARTS_ALIGNED) flush();
      }
      if (options.output === 'table' && (page.length > 0 || pages === 0)) flush();
      failIfCorrupt(dir, corrupt);
    });

function failIfCorrupt(directory: string, corrupt: InspectedPart | undefined): void {
  if (corrupt === undefined) return;
  throw new CliFailure(
    1,
    `${directory}/${corrupt.file} is corrupt from byte ${corrupt.start}: ${whatOf(corrupt)}`,
    'restore the file from a copy of the volume',
  );
}

function whatOf(part: InspectedPart): string {
  switch (part.kind) {
    case 'manifest':
      return `first segment ${part.manifest.first}, ${part.manifest.parked.length} parked tables`;
    case 'header':
      return `of a ${part.of} file`;
    case 'frame': {
      const records = part.entries.reduce((sum, entry) => sum + recordsOf(entry), 0);
      const tables = new Set(part.entries.map((entry) => entry.table)).size;
      const [first] = part.entries;
      const from = first === undefined ? '' : ` from offset ${first.baseOffset}`;
      return `${new Date(part.writtenAt).toISOString()} ${part.content}: ${grouped(records)} records${from}, ${tables} tables, ${part.refusals} refusals, ${part.notes} channel notes`;
    }
    case 'torn':
    case 'corrupt':
    case 'skipped':
    case 'not-read':
      return part.why;
  }
}

/** Maps and byte arrays as JSON shows them. */
const jsonOf = (part: InspectedPart): unknown =>
  JSON.parse(
    JSON.stringify(part, (_key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      if (value instanceof Map) return Object.fromEntries(value);
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
    }),
  );

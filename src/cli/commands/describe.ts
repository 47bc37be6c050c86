/** `sluice describe TABLE`: columns, partitions, properties, state. */
import { Command } from 'commander';
import { findField } from '../../record/schema-check.ts';
import { primitiveName, isPrimitive } from '../../record/types.ts';
import type { Type } from '../../record/types.ts';
import { parseSchema } from '../../record/schema-json.ts';
import type { Json64 } from '../../core/json64.ts';
import { tablePath } from '../api-client.ts';
import type { ClientOptions, CommandContext } from '../command-context.ts';
import { clientOf, terminalOf, withClient } from '../command-context.ts';
import type { TableStatusJson } from './tables.ts';
import { grouped } from '../terminal.ts';

interface DescribedTable {
  readonly table: string;
  readonly uuid: string;
  readonly location: string;
  readonly current_snapshot_id: string | null;
  readonly schema: Json64;
  readonly partition_spec: {
    readonly fields: readonly { readonly 'source-id': number; readonly transform: string; readonly name: string }[];
  };
  readonly sort_order: {
    readonly fields: readonly {
      readonly 'source-id': number;
      readonly transform: string;
      readonly direction: string;
    }[];
  };
  readonly properties: Readonly<Record<string, string>>;
  readonly status: TableStatusJson;
}

export const describeCommand = (context: CommandContext): Command =>
  withClient(new Command('describe'))
    .description('show a table: columns, partitions, properties and state')
    .argument('<table>', 'namespace.table')
    .action(async (table: string, options: ClientOptions) => {
      const answer = (await clientOf(context, options).expect('GET', tablePath(table))) as DescribedTable;
      const terminal = terminalOf(context, options);
      if (options.output === 'json') {
        terminal.json(answer);
        return;
      }
      const schema = parseSchema(answer.schema, `schema of ${table}`);
      const source = (id: number): string => findField(schema, id)?.path ?? `field ${id}`;
      const { status } = answer;
      terminal.facts(answer, [
        ['table', answer.table],
        ['uuid', answer.uuid],
        ['location', answer.location],
        ['state', status.reason === undefined ? status.state : `${status.state}: ${status.reason}`],
        ['lag', `${grouped(status.lag_records)} records`],
        ['snapshot', answer.current_snapshot_id ?? 'none yet'],
        ['last commit', status.last_commit?.committed_at],
        [
          'partitioned by',
          answer.partition_spec.fields.map((field) => `${field.transform}(${source(field['source-id'])})`).join(', ') ||
            'nothing',
        ],
        [
          'sorted by',
          answer.sort_order.fields
            .map((field) => `${field.transform}(${source(field['source-id'])}) ${field.direction}`)
            .join(', ') || 'nothing',
        ],
        ...Object.entries(answer.properties).map(([key, value]) => [key, value] as const),
      ]);
      context.io.stdout.write('\n');
      terminal.table(
        answer,
        schema.fields,
        [
          { title: 'ID', value: (field) => field.id, align: 'right' },
          { title: 'COLUMN', value: (field) => field.name },
          { title: 'TYPE', value: (field) => typeText(field.type) },
          { title: 'NULL', value: (field) => (field.required ? 'no' : 'yes') },
          { title: 'DOC', value: (field) => field.doc },
        ],
        '',
      );
    });

function typeText(type: Type): string {
  if (isPrimitive(type)) return primitiveName(type);
  if (type.kind === 'list') return `list<${typeText(type.element)}>`;
  if (type.kind === 'map') return `map<${typeText(type.key)}, ${typeText(type.value)}>`;
  return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`;
}

/** Settings as a file would say them, for people and support bundles: the file's keys, values with units, secrets hidden. Pure. */
import { formatTableName } from '../core/ids.ts';
import { sortOrderJson, specJson } from '../record/partition-json.ts';
import { formatScope } from '../record/scopes.ts';
import { schemaJson } from '../record/schema-json.ts';
import type { TableDefinition } from '../contracts/tables.ts';
import { Secret } from './secret.ts';
import { SETTING_KEYS, SETTING_PATHS, settingAt, type SettingPath } from './setting-keys.ts';
import type { Settings } from './settings.ts';
import { formatDuration, formatSize, type ListenAddress } from './units.ts';

export function describeSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const file: Record<string, unknown> = {};
  for (const path of SETTING_PATHS) {
    const value = settingAt(settings, path);
    if (value !== undefined) put(file, SETTING_KEYS[path].key, textOf(path, value, settings));
  }
  return { ...file, tables: settings.tables.map(tableOf) };
}

function put(into: Record<string, unknown>, key: string, value: unknown): void {
  const steps = key.split('.');
  const last = steps.pop() ?? key;
  let section = into;
  for (const step of steps) section = (section[step] ??= {}) as Record<string, unknown>;
  section[last] = value;
}

function textOf(path: SettingPath, value: unknown, { server }: Settings): unknown {
  switch (path) {
    case 'server.host':
    case 'server.port':
      return formatListen(server);
    case 'server.admin.host':
    case 'server.admin.port':
      return server.admin === undefined ? undefined : formatListen(server.admin);
    case 'server.tls.principals':
      return Object.fromEntries(
        [...(server.tls?.principals ?? [])].map(([name, scopes]) => [name, scopes.map(formatScope)]),
      );
    default:
  }
  if (value instanceof Secret) return String(value);
  if (typeof value === 'number' && path.endsWith('Ms')) return value === 0 ? '0s' : formatDuration(value);
  if (typeof value === 'number' && /Bytes$|bytesPerSecond$/.test(path)) return formatSize(value);
  // A URL may carry a password before its host.
  return typeof value === 'string' ? value.replace(/\/\/[^/@]*@/, '//[secret]@') : value;
}

const formatListen = ({ host, port }: ListenAddress): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const tableOf = ({ name, fields, partition, sortOrder, properties }: TableDefinition) => ({
  name: formatTableName(name),
  schema: schemaJson({ schemaId: 0, fields }),
  partition_spec: specJson({
    specId: 0,
    fields: partition.map((field, index) => ({ ...field, fieldId: 1000 + index })),
  }),
  sort_order: sortOrderJson(sortOrder ?? { orderId: 0, fields: [] }),
  properties: Object.fromEntries(properties),
});

/**
 * From the settings that hold and those a file asks for to what a reload comes to: applied, waiting for a restart, without effect. Pure.
 * Owns the decision; reading the file and carrying it out is `service/configuration.ts`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { TableDefinition } from '../contracts/tables.ts';
import { formatTableName } from '../core/ids.ts';
import { brokenRules } from './rules.ts';
import { Secret } from './secret.ts';
import { SETTING_KEYS, SETTING_PATHS, settingAt, type SettingPath } from './setting-keys.ts';
import type { Settings } from './settings.ts';

export interface SettingsChanges {
  /** What holds once the reload is carried out: the running settings with the applied changes. */
  readonly settings: Settings;
  /** Keys of the file. */
  readonly applied: readonly string[];
  readonly needsRestart: readonly string[];
  readonly newTables: readonly TableDefinition[];
  readonly noEffect: readonly string[];
}

export function settingsChanges(running: Settings, next: Settings): SettingsChanges {
  const changed = SETTING_PATHS.filter((path) => !equal(settingAt(running, path), settingAt(next, path)));
  const live = new Set(changed.filter((path) => SETTING_KEYS[path].change === 'live'));
  // A rule may tie a live setting to one that waits for the restart: then it waits with it.
  for (let tied = tiedKeys(merged(running, next, live)); live.size > 0 && tied.size > 0;) {
    const waiting = [...live].filter((path) => tied.has(SETTING_KEYS[path].key));
    for (const path of waiting.length > 0 ? waiting : live) live.delete(path);
    tied = tiedKeys(merged(running, next, live));
  }
  const keys = (paths: readonly SettingPath[]) => [...new Set(paths.map((path) => SETTING_KEYS[path].key))];
  const { newTables, noEffect } = tableChanges(running.tables, next.tables);
  return {
    settings: { ...merged(running, next, live), tables: [...running.tables, ...newTables] },
    applied: [
      ...keys(changed.filter((path) => live.has(path))),
      ...newTables.map(({ name }) => `tables.${formatTableName(name)}`),
    ],
    needsRestart: keys(changed.filter((path) => !live.has(path))),
    newTables,
    noEffect,
  };
}

const tiedKeys = (settings: Settings): ReadonlySet<string> =>
  new Set(brokenRules(settings).flatMap(({ keys }) => keys));

function tableChanges(running: readonly TableDefinition[], next: readonly TableDefinition[]) {
  const known = new Map(running.map((table) => [formatTableName(table.name), table]));
  const asked = new Set(next.map(({ name }) => formatTableName(name)));
  const newTables = next.filter(({ name }) => !known.has(formatTableName(name)));
  const differing = next.filter((table) => {
    const before = known.get(formatTableName(table.name));
    return before !== undefined && !isDeepStrictEqual(before, table);
  });
  const gone = running.filter(({ name }) => !asked.has(formatTableName(name)));
  return {
    newTables,
    noEffect: [
      ...differing.map(({ name }) => `tables.${formatTableName(name)}: the table exists and is left as it is`),
      ...gone.map(({ name }) => `tables.${formatTableName(name)}: tables that the file no longer names are kept`),
    ],
  };
}

const equal = (left: unknown, right: unknown): boolean =>
  left instanceof Secret && right instanceof Secret ? left.reveal() === right.reveal() : isDeepStrictEqual(left, right);

/** `running` with the values of `next` at these paths. */
function merged(running: Settings, next: Settings, paths: ReadonlySet<SettingPath>): Settings {
  const take = (value: unknown, path: string): unknown => {
    if (paths.has(path as SettingPath)) return settingAt(next, path as SettingPath);
    if (!isSection(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, take(member, path === '' ? key : `${path}.${key}`)]),
    );
  };
  return take(running, '') as Settings;
}

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && ![Secret, Map, Array].some((kind) => value instanceof kind);

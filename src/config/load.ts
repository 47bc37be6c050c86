/**
 * From the text of a configuration file to `Settings`, or to every fault in it with line and column: YAML first, then interpolation
 * inside scalars, then the schema, then the rules between values. Reads the file and the environment; starts nothing.
 */
import { readFileSync } from 'node:fs';
import type { Document } from 'yaml';
import { LineCounter, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type * as z from 'zod';
import type { ConfigFault } from '../contracts/config-port.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import { interpolate } from './interpolate.ts';
import type { Path, Place } from './positions.ts';
import { placeOf, placeOfKey, placeOfValue } from './positions.ts';
import type { Fault } from './resolve.ts';
import { columnFaults, resolveSettings } from './resolve.ts';
import { fileSchema } from './schema.ts';
import { knownKeys } from './schema-keys.ts';
import type { Settings } from './settings.ts';
import { didYouMean } from './suggest.ts';

export type LoadedConfig =
  | { readonly kind: 'valid'; readonly settings: Settings }
  | { readonly kind: 'invalid'; readonly faults: readonly ConfigFault[] };

/** A file with more is mended in turns. */
const MAX_FAULTS = 100;

export interface LoadSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  /** Relative paths in the file count from here. */
  readonly directory: string;
  /** See `InterpolationSources`. */
  readonly standIn?: string;
}

export const systemSources = (): LoadSources => ({
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  directory: process.cwd(),
});

/** `file:line:column path: message`, as editors and terminals link it. */
export const formatFault = ({ file, line, column, path, message }: ConfigFault): string =>
  `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`;

/** Throws kind `misconfigured`, one line a fault; kind `not-found` when there is no such file. No file: the defaults. */
export function loadSettings(file: string | undefined, sources: LoadSources = systemSources()): Settings {
  const loaded = file === undefined ? parseSettings('', 'defaults', sources) : readSettings(file, sources);
  if (loaded.kind === 'invalid')
    throw new SluiceError('misconfigured', loaded.faults.map(formatFault).join('\n'), {
      context: { faults: loaded.faults.length },
      remedy: 'mend the lines named above; `sluice validate` checks the file without starting',
    });
  return loaded.settings;
}

/** Throws kind `misconfigured` when the file cannot be read; what is wrong in it is a value. */
export function readSettings(file: string, sources: LoadSources): LoadedConfig {
  const loaded = parseSettings(readConfigFile(file, sources), file, sources);
  return loaded.kind === 'invalid'
    ? loaded
    : { kind: 'valid', settings: Object.freeze({ ...loaded.settings, source: file }) };
}

function readConfigFile(file: string, sources: LoadSources): string {
  try {
    return sources.readFile(file);
  } catch (error) {
    throw new SluiceError('misconfigured', `configuration file ${file} cannot be read: ${messageOf(error)}`, {
      remedy: 'name an existing file with --config, or leave it out for a local setup',
      cause: error,
    });
  }
}

export function parseSettings(text: string, file: string, sources: LoadSources): LoadedConfig {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Looked for below: the parser compares each key with each.
    uniqueKeys: false,
    merge: false,
  });
  const faults: ConfigFault[] = [];
  const add = (place: Place, path: Path, message: string): void => {
    if (faults.length < MAX_FAULTS) faults.push({ file, ...place, path: path.join('.'), message });
  };
  const invalid = (): LoadedConfig => ({
    kind: 'invalid',
    faults: faults.sort((a, b) => a.line - b.line || a.column - b.column),
  });

  addSyntaxErrors(document, lines, text, add);
  addDoubledKeys(document, lines, add);
  if (faults.length > 0) return invalid();
  if (document.contents === null) document.contents = document.createNode({});
  if (!isMap(document.contents)) {
    add({ line: 1, column: 1 }, [], 'expected keys and values, such as "warehouse: s3://bucket/prefix"');
    return invalid();
  }

  interpolateScalars(document, sources, (offset, path, message) => add(placeOf(lines, offset), path, message));
  if (faults.length > 0) return invalid();

  const placeOfFault = ({ path, at }: Fault): Place =>
    at === 'key'
      ? placeOfKey(document, lines, path.slice(0, -1), String(path.at(-1)))
      : placeOfValue(document, lines, path);
  const raw = plainOf(document);
  if (raw instanceof Error) {
    add({ line: 1, column: 1 }, [], raw.message);
    return invalid();
  }
  const parsed = fileSchema.safeParse(raw);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) addIssue(issue, document, lines, add);
    for (const fault of columnFaults(raw)) add(placeOfFault(fault), fault.path, fault.message);
    return invalid();
  }
  const resolved = resolveSettings(parsed.data, sources.directory);
  if ('settings' in resolved) return { kind: 'valid', settings: resolved.settings };
  for (const fault of resolved.faults) add(placeOfFault(fault), fault.path, fault.message);
  return invalid();
}

/** Aliases without an anchor, and those that would unpack to more than a file could say, are found only here. */
function plainOf(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (error instanceof ReferenceError) return error;
    throw error;
  }
}

/** Replaces text scalars in place. `allow_env` itself is read as it stands: a file may not widen by the environment what it may read. */
function interpolateScalars(
  document: Document,
  sources: LoadSources,
  refuse: (offset: number, path: Path, message: string) => void,
): void {
  const allowed = document.get('allow_env');
  const names = isSeq(allowed)
    ? allowed.items.flatMap((item) => (isScalar(item) ? String(item.value) : []))
    : undefined;
  const allowEnv = names ?? ['SLUICE_*'];
  visit(document, {
    Scalar: (key, node, ancestors) => {
      if (typeof node.value !== 'string' || !node.value.includes('${')) return;
      const path = pathOf(node, ancestors);
      const offset = node.range?.[0] ?? 0;
      if (key === 'key' || path[0] === 'allow_env') {
        refuse(offset, path, '${…} may stand in values only, and not in allow_env');
        return;
      }
      const outcome = interpolate(node.value, { ...sources, allowEnv });
      if (outcome.kind === 'refused') refuse(offset, path, outcome.message);
      else node.value = outcome.text;
    },
  });
}

function pathOf(node: unknown, ancestors: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  const chain = [...ancestors, node];
  for (const [index, ancestor] of chain.entries()) {
    const below = chain[index + 1];
    if (isSeq(ancestor)) path.push(ancestor.items.indexOf(below));
    else if (typeof ancestor === 'object' && ancestor !== null && 'key' in ancestor && 'value' in ancestor)
      if (isScalar(ancestor.key)) path.push(String(ancestor.key.value));
  }
  return path;
}

function addIssue(
  issue: z.core.$ZodIssue,
  document: Document,
  lines: LineCounter,
  add: (place: Place, path: Path, message: string) => void,
): void {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    for (const key of issue.keys.slice(0, MAX_FAULTS))
      add(
        placeOfKey(document, lines, path, key),
        [...path, key],
        `unknown key${didYouMean(key, known) || `; expected one of ${known.join(', ')}`}`,
      );
    return;
  }
  // Messages of our own begin so; the library's would say what was received.
  const expected =
    issue.code !== 'invalid_type' || issue.message.startsWith('expected ')
      ? issue.message
      : `expected ${EXPECTED[issue.expected] ?? 'a value'}`;
  const missing = path.length > 0 && !document.hasIn(path);
  add(placeOfValue(document, lines, path), path, missing ? `is missing; ${expected}` : expected);
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'keys and values',
  record: 'keys and values',
  array: 'a list',
};

function addDoubledKeys(
  document: Document,
  lines: LineCounter,
  add: (place: Place, path: Path, message: string) => void,
): void {
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) add(placeOf(lines, key.range?.[0] ?? 0), [], `key "${name}" is there twice`);
        seen.add(name);
      }
    },
  });
}

/** The first of each line: the parser's later complaints about it follow from that one. */
function addSyntaxErrors(
  document: Document,
  lines: LineCounter,
  text: string,
  add: (place: Place, path: Path, message: string) => void,
): void {
  const seen = new Set<number>();
  for (const error of [...document.errors, ...document.warnings]) {
    const place = placeOf(lines, error.pos[0]);
    if (seen.has(place.line)) continue;
    seen.add(place.line);
    const unquoted = /[^"'$]\$\{/.test(text.split('\n')[place.line - 1] ?? '');
    const hint = unquoted ? '; inside { } and [ ] a text with ${…} wants quotes' : '';
    add(place, [], error.message.replace(/\s*\n[\s\S]*/, '') + hint);
  }
}

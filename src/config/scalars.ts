/** Building blocks of the configuration schema: scalars that take text with units, and how each looks in JSON Schema. */
import { Cron } from 'croner';
import * as z from 'zod';
import type { ListenAddress } from './units.ts';
import { formatDuration, formatSize, parseCount, parseDuration, parseListen, parseSize } from './units.ts';
import { WINDOW_RULE, isTimeZone, parseWindow, type MaintenanceWindow } from '../record/maintenance-window.ts';
import { SCOPE_RULE, parseScope, type Scope } from '../record/scopes.ts';
import { Secret } from './secret.ts';

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Milliseconds from `10s`. */
export const duration = (bounds: Bounds = {}) =>
  bounded('a duration such as 250ms, 10s, 5m or 1h', parseDuration, bounds, formatDuration, {
    type: 'string',
    pattern: '^\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)$|^0$',
  });

/** Bytes from `256MiB`. */
export const size = (bounds: Bounds = {}) =>
  bounded('a size such as 64KiB, 256MiB or 20GiB', parseSize, bounds, formatSize, {
    type: ['string', 'integer'],
    pattern: '^\\d+(\\.\\d+)?\\s*(B|[KMGT]B|[KMGT]iB)?$',
    minimum: 0,
  });

/** A whole number. */
export const count = (bounds: Bounds = {}) =>
  bounded('a whole number', parseCount, bounds, String, {
    type: ['integer', 'string'],
    pattern: '^[0-9_]+$',
    minimum: bounds.min ?? 0,
  });

export const fraction = () =>
  scalar<number>(
    'a fraction above 0 and up to 1',
    (value) => {
      const number = typeof value === 'string' && /^[\d.]+$/.test(value) ? Number(value) : value;
      return typeof number === 'number' && number > 0 && number <= 1 ? number : undefined;
    },
    { type: 'number', exclusiveMinimum: 0, maximum: 1 },
  );

export const flag = () =>
  scalar<boolean>(
    'true or false',
    (value) => (value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined),
    { type: 'boolean' },
  );

export const text = (what = 'a text') =>
  scalar<string>(what, (value) => (typeof value === 'string' && value !== '' ? value : undefined), {
    type: 'string',
    minLength: 1,
  });

/** Text that matches; the pattern is part of the JSON Schema. */
export const matching = (what: string, pattern: RegExp) =>
  scalar<string>(what, (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined), {
    type: 'string',
    pattern: pattern.source,
  });

export const secret = () =>
  scalar<Secret>(
    'a text; better ${file:/path} or ${env:NAME} than the text itself',
    (value) => (typeof value === 'string' && value !== '' ? new Secret(value) : undefined),
    { type: 'string', minLength: 1 },
  );

export const scopeText = () => scalar<Scope>(SCOPE_RULE, textThen(parseScope), { type: 'string' });

const textThen =
  <T>(parse: (text: string) => T | undefined) =>
  (value: unknown): T | undefined =>
    typeof value === 'string' ? parse(value) : undefined;

export const maintenanceWindow = () =>
  scalar<MaintenanceWindow>(WINDOW_RULE, textThen(parseWindow), { type: 'string', minLength: 3 });

export const timeZone = () =>
  scalar<string>(
    'a time zone such as UTC or Europe/Berlin',
    textThen((name) => (isTimeZone(name) ? name : undefined)),
    { type: 'string', minLength: 1 },
  );

/** A cron expression of five fields, or six with seconds first. */
export const schedule = () =>
  scalar<string>(
    'a cron expression such as "*/5 * * * *"',
    (value) => (typeof value === 'string' && isSchedule(value) ? value : undefined),
    { type: 'string', minLength: 9 },
  );

function isSchedule(text: string): boolean {
  try {
    return new Cron(text).nextRun() !== null;
  } catch {
    return false;
  }
}

export const listen = () =>
  scalar<ListenAddress>('host:port such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080', parseListen, {
    type: 'string',
  });

/** One of some words, with the nearest named when another is given. */
export const oneOf = <const T extends string>(...words: readonly T[]) =>
  z
    .unknown()
    .transform((value, context): T => {
      const word = words.find((candidate) => candidate === value);
      if (word !== undefined) return word;
      context.issues.push({
        code: 'custom',
        message: `expected ${words.join(' or ')}`,
        params: { words },
        input: undefined,
      });
      return z.NEVER;
    })
    .meta({ type: 'string', enum: [...words] });

/**
 * Messages say what is expected and never what was given: the place is named, and the value may have come from a secret.
 */
function scalar<T>(what: string, parse: (value: unknown) => T | undefined, jsonSchema: Record<string, unknown>) {
  return z
    .unknown()
    .transform((value, context): T => {
      const parsed = parse(value);
      if (parsed !== undefined) return parsed;
      context.issues.push({ code: 'custom', message: `expected ${what}`, input: undefined });
      return z.NEVER;
    })
    .meta(jsonSchema);
}

function bounded(
  what: string,
  parse: (value: unknown) => number | undefined,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds,
  print: (value: number) => string,
  jsonSchema: Record<string, unknown>,
) {
  return z
    .unknown()
    .transform((value, context): number => {
      const parsed = parse(value);
      if (parsed !== undefined && parsed >= min && parsed <= max) return parsed;
      const message =
        parsed === undefined
          ? `expected ${what}`
          : parsed < min
            ? `is too small; at least ${print(min)}`
            : `is too large; at most ${print(max)}`;
      context.issues.push({ code: 'custom', message, input: undefined });
      return z.NEVER;
    })
    .meta(jsonSchema);
}

/**
 * `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` inside one scalar, after YAML has been parsed: what comes in can never
 * become structure. `$${` is a literal `${`. Owns the text form; which variables may be named is an argument.
 */
import { didYouMean } from './suggest.ts';

export interface InterpolationSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names, or prefixes ended by `*`. */
  readonly allowEnv: readonly string[];
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
  /** Given: no variable and no file is read; defaults and this text stand for them. For texts whose author may not see what they hold. */
  readonly standIn?: string;
}

export type InterpolationOutcome =
  | { readonly kind: 'text'; readonly text: string; readonly changed: boolean }
  | { readonly kind: 'refused'; readonly message: string };

const EXPRESSION = /\$\$\{|\$\{([^}]*)(\}?)/g;

export function interpolate(text: string, sources: InterpolationSources): InterpolationOutcome {
  const refusals: string[] = [];
  const result = text.replace(EXPRESSION, (whole: string, inner: string | undefined, closing: string | undefined) => {
    if (inner === undefined) return '${';
    const value = closing === '' ? refused(`"${whole}" is not closed by "}"`) : resolve(inner, sources);
    if (value.kind === 'text') return value.text;
    refusals.push(value.message);
    return '';
  });
  const [refusal] = refusals;
  return refusal === undefined ? { kind: 'text', text: result, changed: result !== text } : refused(refusal);
}

function resolve(inner: string, sources: InterpolationSources): InterpolationOutcome {
  const [, kind = inner, rest = ''] = /^([a-z]*):(.*)$/s.exec(inner) ?? [];
  if (kind === 'env') return fromEnvironment(rest, sources);
  if (kind === 'file') return fromFile(rest, sources);
  return refused(
    `\${${inner}} is not \${env:NAME}, \${env:NAME:-default} or \${file:/path}; write $\${ for the text itself`,
  );
}

function fromEnvironment(expression: string, { env, allowEnv, standIn }: InterpolationSources): InterpolationOutcome {
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(expression) ?? [];
  if (name === undefined) return refused(`\${env:${expression}} does not name a variable`);
  if (!allowEnv.some((allowed) => (allowed.endsWith('*') ? name.startsWith(allowed.slice(0, -1)) : name === allowed)))
    return refused(
      `variable ${name} is not in allow_env${didYouMean(name, allowEnv)}; allow_env lists what this file may read, now ${allowEnv.join(', ') || 'nothing'}`,
    );
  const value = standIn === undefined ? env[name] : (fallback ?? standIn);
  if (value !== undefined && (value !== '' || fallback === undefined))
    return { kind: 'text', text: value, changed: true };
  return fallback === undefined
    ? refused(`variable ${name} is not set; \${env:${name}:-default} gives it a default`)
    : { kind: 'text', text: fallback, changed: true };
}

function fromFile(path: string, { readFile, standIn }: InterpolationSources): InterpolationOutcome {
  if (!path.startsWith('/')) return refused(`\${file:${path}} wants an absolute path`);
  if (standIn !== undefined) return { kind: 'text', text: standIn, changed: true };
  try {
    return { kind: 'text', text: readFile(path).replace(/\r?\n$/, ''), changed: true };
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    return refused(`file ${path} cannot be read (${typeof code === 'string' ? code : 'unknown error'})`);
  }
}

const refused = (message: string): { readonly kind: 'refused'; readonly message: string } => ({
  kind: 'refused',
  message,
});

/**
 * Takes secrets out of texts that leave the machine: those known by their value, those known by the name they stand under, and those
 * known by their form. Owns the patterns. Rather one value too many than one too few.
 */
import { Secret } from '../config/secret.ts';

export const REDACTED = '[redacted]';

/** Shorter ones would tear every text apart. */
const SHORTEST = 4;

const SECRET_NAME =
  '[\\w.-]*(?:secret|passw|passphrase|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|signing[-_.]?key|encryption[-_.]?key|authorization|signature|cookie)[\\w.-]*';
const secretName = new RegExp(`^${SECRET_NAME}$`, 'i');

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // user:password@ in URLs.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'\\]*@/gi, `$1${REDACTED}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${REDACTED}`],
  [/\bsk_[\w-]+/g, REDACTED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, REDACTED],
  // "name": "value"
  [new RegExp(`("${SECRET_NAME}"\\s*:\\s*")(?:[^"\\\\]|\\\\.)*`, 'gi'), `$1${REDACTED}`],
  // The same inside a JSON text that is a value itself.
  [
    new RegExp(`(\\\\+"${SECRET_NAME}\\\\+"\\s*:\\s*\\\\+")[\\s\\S]*?(?=\\\\+"\\s*(?:[,}\\]]|$))`, 'gi'),
    `$1${REDACTED}`,
  ],
  // name=value and name: value, quoted or not.
  [
    new RegExp(`(^|[\\s?&;,{(])(${SECRET_NAME})(\\s*[=:]\\s*)(?:'[^']*'|"[^"]*"|[^\\s&;,"'})\\\\]+)`, 'gim'),
    `$1$2$3${REDACTED}`,
  ],
];

export class Redactor {
  readonly #values: readonly string[];

  constructor(secrets: readonly string[]) {
    const forms = secrets.flatMap((secret) => (secret.length < SHORTEST ? [] : formsOf(secret)));
    // Longest first: one secret may be part of another.
    this.#values = [...new Set(forms)].sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    const known = this.#values.reduce((left, value) => left.replaceAll(value, REDACTED), text);
    return PATTERNS.reduce((left, [pattern, replacement]) => left.replace(pattern, replacement), known);
  }

  /** As JSON with line breaks: members by their names, then the text as any other. Maps become objects, bigints text. */
  json(value: unknown): string {
    const text = JSON.stringify(
      value,
      (key, member: unknown) => {
        if (secretName.test(key) && (typeof member === 'string' || typeof member === 'number')) return REDACTED;
        if (typeof member === 'bigint') return member.toString();
        return member instanceof Map ? Object.fromEntries(member as ReadonlyMap<string, unknown>) : member;
      },
      2,
    );
    return `${this.text(text)}\n`;
  }
}

const formsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64'),
];

/** Every secret in a value, at any depth. */
export function secretsIn(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (value instanceof Map) return [...value].flatMap(secretsIn);
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(secretsIn) : [];
}

/** Values of variables whose names say that they are secret. */
export const secretsOfEnvironment = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(env).flatMap(([name, value]) => (value !== undefined && secretName.test(name) ? [value] : []));

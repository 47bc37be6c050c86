/** The little XML that S3 speaks. Reads only bodies the SDK writes: flat elements without attributes that matter. */

type Content = string | number | readonly (readonly [string, Content])[];

/** `entries` in order; repeated names are allowed. */
export function xml(root: string, entries: readonly (readonly [string, Content])[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, entries)}`;
}

const element = (name: string, content: Content): string =>
  `<${name}>${typeof content === 'object' ? content.map(([child, inner]) => element(child, inner)).join('') : escapeXml(String(content))}</${name}>`;

const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Texts of all elements of that name, in order. */
export const textsOf = (body: string, name: string): string[] =>
  [...body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => unescapeXml(match[1] ?? ''));

/** Inner XML of all elements of that name, in order. */
export const blocksOf = (body: string, name: string): string[] =>
  [...body.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map((match) => match[1] ?? '');

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescapeXml = (text: string): string =>
  text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });

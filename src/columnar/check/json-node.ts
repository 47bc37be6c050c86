/** A parsed JSON value of the slow path. Data only: numbers keep their text, objects keep their order and have no duplicate keys. */

export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> };

/** One step of RFC 6901. */
export const pointerStep = (key: string | number): string =>
  `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** What a refusal says it got: short, and never a whole document. */
export function describeNode(node: JsonNode): string {
  switch (node.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return String(node.value);
    case 'number':
      return `number ${clip(node.text)}`;
    case 'string':
      return `string ${clip(JSON.stringify(node.value.slice(0, 80)))}`;
    case 'array':
    case 'object':
      return node.kind;
  }
}

export const clip = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 77)}...`);

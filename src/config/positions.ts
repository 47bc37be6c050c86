/** From a path in the configuration to the line and column a person can go to. */
import type { Document, LineCounter, Node } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';

export type Path = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where the value at `path` stands; of an absent one, the nearest thing around it; 1:1 in an empty file. */
export function placeOfValue(document: Document, lines: LineCounter, path: Path): Place {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) break;
    node = next.value;
    offset =
      (isNode(node) ? node.range?.[0] : undefined) ?? (isNode(next.key) ? next.key.range?.[0] : undefined) ?? offset;
  }
  return placeOf(lines, offset);
}

/** Where the key `key` of the map at `path` stands. */
export function placeOfKey(document: Document, lines: LineCounter, path: Path, key: string): Place {
  let node: unknown = document.contents;
  for (const step of path) node = child(node, step)?.value;
  const pair = child(node, key);
  const offset = isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  return offset === undefined ? placeOfValue(document, lines, path) : placeOf(lines, offset);
}

export function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function child(node: unknown, step: string | number): { readonly key?: unknown; readonly value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
    return pair === undefined ? undefined : { key: pair.key, value: pair.value };
  }
  if (isSeq(node) && typeof step === 'number' && step < node.items.length) return { value: node.items[step] };
  return undefined;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'range' in value;

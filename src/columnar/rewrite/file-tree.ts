/**
 * The schema of a Parquet file as columns with field ids, whatever its writer called the groups in between (parquet-format LogicalTypes,
 * "Lists", "Maps", backward compatibility rules). Reads footers; knows no table.
 */
import type { NameMapping } from '../../record/name-mapping.ts';
import { SluiceError } from '../../core/errors.ts';
import { fieldOf } from '../footer/thrift-compact.ts';
import type { ThriftStruct } from '../footer/thrift-compact.ts';
import { ids, physical, structs } from '../footer/parquet-footer.ts';

/** How bytes of a leaf are to be understood, as far as DuckDB's type does not say it. */
export type LeafKind = 'text' | 'uuid' | 'plain-bytes' | 'other';

export type FileNode = { readonly name: string; readonly fieldId: number | undefined } & (
  | {
      readonly kind: 'leaf';
      readonly leaf: LeafKind;
      /** Equal for columns that are stored and annotated alike: promotions change it. */
      readonly form: string;
    }
  | { readonly kind: 'struct'; readonly members: readonly FileNode[] }
  | { readonly kind: 'list'; readonly element: FileNode }
  | { readonly kind: 'map'; readonly key: FileNode; readonly value: FileNode }
);

const REPEATED = 2;
const NOT_FORM: ReadonlySet<number> = new Set([ids.element.name, ids.element.repetition, ids.element.fieldId]);
/** `ConvertedType` and members of the `LogicalType` union. */
const converted = { utf8: 0, map: 1, mapKeyValue: 2, list: 3, enum: 4, json: 19 } as const;
const logical = { string: 1, map: 2, list: 3, enum: 4, json: 12, uuid: 14 } as const;

/** The top-level columns; the members of one struct keep the order of the file. */
export function fileColumns(metadata: ThriftStruct): readonly FileNode[] {
  const elements = structs(metadata, ids.file.schema);
  let next = 0;
  const raw = (): RawNode => {
    const element = elements[next];
    if (element === undefined) throw new SluiceError('corrupt', 'Parquet schema ends too early');
    next += 1;
    const count = (fieldOf(element, ids.element.children) as number | undefined) ?? 0;
    return { element, children: Array.from({ length: count }, raw) };
  };
  return raw().children.map(nodeOf);
}

export const hasIds = (columns: readonly FileNode[]): boolean =>
  columns.some((node) => node.fieldId !== undefined || childrenOf(node).some((child) => hasIds([child])));

/** Ids by the names of `schema.name-mapping.default`; what it does not name has none. */
export const withMappedIds = (columns: readonly FileNode[], mapping: NameMapping): readonly FileNode[] =>
  columns.map((node) => mappedNode(node, mapping));

export const childrenOf = (node: FileNode): readonly FileNode[] => {
  switch (node.kind) {
    case 'leaf':
      return [];
    case 'struct':
      return node.members;
    case 'list':
      return [node.element];
    case 'map':
      return [node.key, node.value];
  }
};

interface RawNode {
  readonly element: ThriftStruct;
  readonly children: readonly RawNode[];
}

function nodeOf(raw: RawNode): FileNode {
  const { element, children } = raw;
  const common = { name: nameOf(element), fieldId: fieldOf(element, ids.element.fieldId) as number | undefined };
  // A repeated column that nothing calls a list is one all the same.
  if (isRepeated(element)) return { ...common, kind: 'list', element: unrepeated(raw) };
  const [only] = children;
  if (only === undefined) return { ...common, kind: 'leaf', leaf: leafKind(element), form: formOf(element) };
  if (isList(element) && children.length === 1)
    return { ...common, kind: 'list', element: elementOf(only, common.name) };
  const [key, value] = only.children;
  if (isMap(element) && children.length === 1 && key !== undefined && value !== undefined)
    return { ...common, kind: 'map', key: nodeOf(key), value: nodeOf(value) };
  return { ...common, kind: 'struct', members: children.map(nodeOf) };
}

/** Two levels or three: the rules of the format for lists written before there were any. */
function elementOf(repeated: RawNode, listName: string): FileNode {
  const [only] = repeated.children;
  const name = nameOf(repeated.element);
  const isElement = repeated.children.length !== 1 || name === 'array' || name === `${listName}_tuple`;
  return only === undefined || isElement ? unrepeated(repeated) : nodeOf(only);
}

function unrepeated({ element, children }: RawNode): FileNode {
  const common = { name: nameOf(element), fieldId: fieldOf(element, ids.element.fieldId) as number | undefined };
  return children.length === 0
    ? { ...common, kind: 'leaf', leaf: leafKind(element), form: formOf(element) }
    : { ...common, kind: 'struct', members: children.map(nodeOf) };
}

/** Physical type, length, scale, precision and both annotations. */
const formOf = (element: ThriftStruct): string =>
  JSON.stringify(
    element.filter(({ id }) => !NOT_FORM.has(id)),
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );

function leafKind(element: ThriftStruct): LeafKind {
  const type = fieldOf(element, ids.element.type);
  const kind = logicalOf(element);
  const old = fieldOf(element, ids.element.convertedType);
  if (kind === logical.uuid) return 'uuid';
  if (type !== physical.byteArray && type !== physical.fixed) return 'other';
  const texts: readonly unknown[] = [converted.utf8, converted.enum, converted.json];
  if (kind === logical.string || kind === logical.enum || kind === logical.json || texts.includes(old)) return 'text';
  return kind === undefined && old === undefined ? 'plain-bytes' : 'other';
}

const nameOf = (element: ThriftStruct): string =>
  Buffer.from(fieldOf(element, ids.element.name) as Uint8Array).toString('utf8');

const isRepeated = (element: ThriftStruct): boolean => fieldOf(element, ids.element.repetition) === REPEATED;

const isList = (element: ThriftStruct): boolean =>
  logicalOf(element) === logical.list || fieldOf(element, ids.element.convertedType) === converted.list;

const isMap = (element: ThriftStruct): boolean => {
  const old = fieldOf(element, ids.element.convertedType);
  return logicalOf(element) === logical.map || old === converted.map || old === converted.mapKeyValue;
};

const logicalOf = (element: ThriftStruct): number | undefined =>
  (fieldOf(element, ids.element.logicalType) as ThriftStruct | undefined)?.[0]?.id;

function mappedNode(node: FileNode, mapping: NameMapping): FileNode {
  const found = mapping.find(({ names }) => names.includes(node.name));
  const below = found?.fields ?? [];
  const fieldId = found?.id;
  switch (node.kind) {
    case 'leaf':
      return { ...node, fieldId };
    case 'struct':
      return { ...node, fieldId, members: node.members.map((member) => mappedNode(member, below)) };
    case 'list':
      return { ...node, fieldId, element: mappedNode({ ...node.element, name: 'element' }, below) };
    case 'map':
      return {
        ...node,
        fieldId,
        key: mappedNode({ ...node.key, name: 'key' }, below),
        value: mappedNode({ ...node.value, name: 'value' }, below),
      };
  }
}

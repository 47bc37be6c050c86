/**
 * From a column of a file to the column of the table with the same id, as SQL: members of structs found by id at every level, narrower
 * types widened, columns the file does not have null. Owns expressions; which file has which columns is `file-tree.ts`.
 */
import { SluiceError } from '../../core/errors.ts';
import type { Field, PrimitiveType, Type } from '../../record/types.ts';
import { isPrimitive, primitiveName } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import { aliases } from '../engine/decode-sql.ts';
import { name } from '../engine/sql-text.ts';
import { encoderType, valueLiteral } from './encoder-type.ts';
import type { FileNode } from './file-tree.ts';

/** The select list of the table's columns. `position` gives the expression of a top-level column of the file by its place. */
export function tableColumns(
  fields: readonly Field[],
  file: readonly FileNode[],
  position: (index: number) => string,
  constants: ReadonlyMap<number, PrimitiveValue | null>,
): readonly string[] {
  return aliases(fields).map(({ field, alias }) => {
    const index = file.findIndex((node) => node.fieldId === field.id);
    const node = file[index];
    const value = node === undefined ? absent(field, constants) : valueSql(position(index), node, field.type, 0);
    return `${value} AS ${name(alias)}`;
  });
}

/** The value of the column with this id, wherever in structs it is; undefined when the file lacks it. */
export function columnById(
  file: readonly FileNode[],
  id: number,
  type: Type,
  position: (index: number) => string,
): string | undefined {
  for (const [index, node] of file.entries()) {
    const source = position(index);
    if (node.fieldId === id) return valueSql(source, node, type, 0);
    if (node.kind !== 'struct') continue;
    const inside = columnById(node.members, id, type, (at) => `struct_extract_at(${source}, ${at + 1})`);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function absent(field: Field, constants: ReadonlyMap<number, PrimitiveValue | null>): string {
  const constant = constants.get(field.id);
  if (constant !== undefined && isPrimitive(field.type)) return valueLiteral(field.type, constant);
  return `CAST(NULL AS ${encoderType(field.type)})`;
}

/** `depth` keeps the names of nested lambda parameters apart. */
function valueSql(source: string, node: FileNode, type: Type, depth: number): string {
  if (isPrimitive(type)) {
    if (node.kind !== 'leaf') throw mismatch(node, primitiveName(type));
    return primitiveSql(source, node.leaf, type);
  }
  if (isSame(node, type)) return source;
  const item = `x${depth}`;
  switch (type.kind) {
    case 'struct': {
      if (node.kind !== 'struct') throw mismatch(node, 'a struct');
      const members = tableMembers(source, node.members, type.fields, depth);
      return `CASE WHEN ${source} IS NOT NULL THEN struct_pack(${members.join(', ')}) END`;
    }
    case 'list':
      if (node.kind !== 'list') throw mismatch(node, 'a list');
      return `list_transform(${source}, lambda ${item}: ${valueSql(item, node.element, type.element, depth + 1)})`;
    case 'map': {
      if (node.kind !== 'map') throw mismatch(node, 'a map');
      const key = valueSql(`struct_extract(${item}, 'key')`, node.key, type.key, depth + 1);
      const value = valueSql(`struct_extract(${item}, 'value')`, node.value, type.value, depth + 1);
      const entries = `list_transform(map_entries(${source}), lambda ${item}: struct_pack("key" := ${key}, "value" := ${value}))`;
      return `CASE WHEN ${source} IS NOT NULL THEN map_from_entries(${entries}) END`;
    }
  }
}

const tableMembers = (
  source: string,
  members: readonly FileNode[],
  fields: readonly Field[],
  depth: number,
): readonly string[] =>
  aliases(fields).map(({ field, alias }) => {
    const index = members.findIndex((member) => member.fieldId === field.id);
    const member = members[index];
    const value =
      member === undefined
        ? `CAST(NULL AS ${encoderType(field.type)})`
        : valueSql(`struct_extract_at(${source}, ${index + 1})`, member, field.type, depth);
    return `${name(alias)} := ${value}`;
  });

function primitiveSql(source: string, leaf: string, type: PrimitiveType): string {
  const asUuid = type.kind === 'uuid' || (type.kind === 'fixed' && type.length === 16);
  if (asUuid) return leaf === 'uuid' ? source : `CAST(hex(${source}) AS UUID)`;
  if (type.kind === 'string' && leaf === 'plain-bytes') return `decode(${source})`;
  if ((type.kind === 'binary' || type.kind === 'fixed') && leaf === 'text') return `encode(${source})`;
  return `CAST(${source} AS ${encoderType(type)})`;
}

/** Whether the file's value is the table's without any conversion: nested columns are not taken apart for nothing. */
function isSame(node: FileNode, type: Type): boolean {
  switch (type.kind) {
    case 'struct':
      return (
        node.kind === 'struct' &&
        node.members.length === type.fields.length &&
        aliases(type.fields).every(({ field, alias }, index) => {
          const member = node.members[index];
          return member?.fieldId === field.id && member.name === alias && isSame(member, field.type);
        })
      );
    case 'list':
      return node.kind === 'list' && isSame(node.element, type.element);
    case 'map':
      return node.kind === 'map' && isSame(node.key, type.key) && isSame(node.value, type.value);
    default:
      return node.kind === 'leaf' && neverConverted(node.leaf, type);
  }
}

/** Others may have been written in a narrower form, which only a look at more of the footer could rule out. */
const neverConverted = (leaf: string, type: PrimitiveType): boolean =>
  (type.kind === 'string' && leaf === 'text') || type.kind === 'boolean' || (type.kind === 'uuid' && leaf === 'uuid');

const mismatch = (node: FileNode, expected: string): SluiceError =>
  new SluiceError('unsupported', `column "${node.name}" of a data file is not ${expected}, as the table says`, {
    remedy: 'rewrite the file with the engine that wrote it',
  });

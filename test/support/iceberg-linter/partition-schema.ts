/** Rules about the partition struct of a manifest (checklist 3.9, 7.6, 7.8). */
import type { PartitionSpec } from '../../../src/record/partition-spec.ts';
import { resultType } from '../../../src/record/transforms.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import { type Findings, show } from './findings.ts';

type Node = Readonly<Record<string, unknown>>;

/** Names of the members in the order of the spec's fields; undefined where one is missing. */
export function lintPartitionStruct(
  struct: Node | undefined,
  spec: PartitionSpec,
  sources: readonly PrimitiveType[],
  where: string,
  findings: Findings,
): readonly (string | undefined)[] {
  const fields = (Array.isArray(struct?.['fields']) ? struct['fields'] : []) as readonly Node[];
  findings.check(
    fields.length === spec.fields.length,
    '7.6',
    where,
    `partition has ${fields.length} fields, not ${spec.fields.length}`,
  );
  return spec.fields.map((field, position) => {
    const at = `${where}: partition ${field.name}`;
    const member = fields.find((candidate) => candidate['field-id'] === field.fieldId);
    const source = sources[position];
    if (member === undefined || source === undefined) {
      findings.add('7.3', at, `no member has field-id ${field.fieldId}`);
      return undefined;
    }
    const union = member['type'];
    findings.check(
      Array.isArray(union) && union[0] === 'null' && member['default'] === null,
      '7.6',
      at,
      'partition members must be optional with default null',
    );
    const stored: unknown = Array.isArray(union) ? union.at(-1) : union;
    const problem = storedWrongly(resultType(field.transform, source), stored);
    findings.check(problem === undefined, field.transform.kind === 'day' ? '3.9' : '7.8', at, problem ?? '');
    return String(member['name']);
  });
}

function storedWrongly(type: PrimitiveType, stored: unknown): string | undefined {
  const node = (typeof stored === 'object' ? stored : { type: stored }) as Node;
  const wants = (expected: Node): string | undefined =>
    Object.entries(expected).every(([key, value]) => node[key] === value)
      ? undefined
      : `stored as ${show(stored)}, expected ${show(expected)}`;
  switch (type.kind) {
    case 'date':
      return wants({ type: 'int', logicalType: 'date' });
    case 'time':
      return wants({ type: 'long', logicalType: 'time-micros' });
    case 'timestamp':
    case 'timestamptz':
      return wants({ type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': type.kind === 'timestamptz' });
    case 'uuid':
      return wants({ type: 'fixed', size: 16, logicalType: 'uuid' });
    case 'fixed':
      return wants({ type: 'fixed', size: type.length });
    case 'decimal': {
      const bits = (10n ** BigInt(type.precision)).toString(2).length + 1;
      const { precision, scale } = type;
      return wants({ type: 'fixed', logicalType: 'decimal', precision, scale, size: Math.ceil(bits / 8) });
    }
    case 'binary':
      return stored === 'bytes' ? undefined : `stored as ${show(stored)}, expected "bytes"`;
    default:
      return stored === type.kind ? undefined : `stored as ${show(stored)}, expected "${type.kind}"`;
  }
}

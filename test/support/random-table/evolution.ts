/** Schemas, partition specs and sort orders as others change them: edits of metadata. Pure. */
import type { TableMetadata } from '../../../src/iceberg/metadata.ts';
import { specFieldsJson } from '../../../src/record/partition-json.ts';
import type { PartitionField, SortField, Transform } from '../../../src/record/partition-spec.ts';
import { schemaJson } from '../../../src/record/schema-json.ts';
import type { Field } from '../../../src/record/types.ts';

type Edit = (metadata: TableMetadata) => TableMetadata;
export type SpecParts = readonly (readonly [source: Field, transform: Transform])[];

/** A new current schema of these fields, by ids that may be new. */
export const withFields =
  (fields: readonly Field[]): Edit =>
  (metadata) => {
    const schemaId = metadata.schemas.length;
    return {
      ...metadata,
      schemas: [...metadata.schemas, schemaJson({ schemaId, fields })],
      currentSchemaId: schemaId,
      lastColumnId: Math.max(metadata.lastColumnId, ...fields.map(({ id }) => id)),
    };
  };

/** A spec that the table has not had before gets the next id; one it has had comes back (checklist 1.15). */
export const partitionedBy =
  (parts: SpecParts): Edit =>
  (metadata) => {
    const nameOf = ({ id }: Field, { kind }: Transform): string => `p${id}_${kind}`;
    const wanted = parts.map(([source, transform]) => nameOf(source, transform)).join();
    const namesOf = (document: TableMetadata['partitionSpecs'][number]): string =>
      (document['fields'] as readonly { readonly name: string }[]).map(({ name }) => name).join();
    const known = metadata.partitionSpecs.find((document) => namesOf(document) === wanted);
    if (known !== undefined) return { ...metadata, defaultSpecId: known['spec-id'] as number };
    const fields = parts.map(([source, transform], at): PartitionField => {
      const fieldId = metadata.lastPartitionId + 1 + at;
      return { sourceId: source.id, fieldId, name: nameOf(source, transform), transform };
    });
    const specId = metadata.partitionSpecs.length;
    return {
      ...metadata,
      partitionSpecs: [...metadata.partitionSpecs, { 'spec-id': specId, fields: specFieldsJson({ specId, fields }) }],
      defaultSpecId: specId,
      lastPartitionId: metadata.lastPartitionId + fields.length,
    };
  };

export const sortedBy =
  ({ id }: Field, direction: SortField['direction']): Edit =>
  (metadata) => {
    const orderId = metadata.sortOrders.length;
    const field = { transform: 'identity', 'source-id': id, direction, 'null-order': 'nulls-first' };
    const order = { 'order-id': orderId, fields: [field] };
    return { ...metadata, sortOrders: [...metadata.sortOrders, order], defaultSortOrderId: orderId };
  };

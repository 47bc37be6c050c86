/** What no encoder of ours can write, found before anything is staged. */
import type { FileLayout } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Transform } from '../../record/partition-spec.ts';
import { transformName } from '../../record/partition-spec.ts';
import { findField, walkFields } from '../../record/schema-check.ts';
import { isApplicable } from '../../record/transforms.ts';
import { isPrimitive } from '../../record/types.ts';

/** Throws kind `unsupported`, naming the column. */
export function checkLayout(layout: FileLayout): void {
  if (layout.schema.fields.length === 0) refuse('the schema has no columns', 'add a column');
  for (const { field, path } of walkFields(layout.schema.fields)) {
    if (field.name === '') refuse(`a column inside ${path} has an empty name`, 'rename the column');
    if (field.type.kind === 'struct' && field.type.fields.length === 0)
      refuse(`column ${path} is a struct without fields`, 'add a field to it, or drop the column');
  }
  for (const field of layout.spec.fields) checkSource(layout, field.sourceId, field.transform, 'partition field');
  for (const field of layout.sortOrder.fields) checkSource(layout, field.sourceId, field.transform, 'sort field');
}

function checkSource(layout: FileLayout, sourceId: number, transform: Transform, role: string): void {
  const label = `${role} ${transformName(transform)}`;
  const source = findField(layout.schema, sourceId);
  // Void in place of a dropped column: nothing is read.
  if (source === undefined && transform.kind === 'void') return;
  if (source === undefined) refuse(`${label} has no source column with id ${sourceId}`, 'replace the spec');
  const { field, path, repeated } = source;
  if (repeated || !isPrimitive(field.type))
    refuse(`${label} cannot take column ${path}: it is nested in a list or map, or not primitive`, 'choose another');
  if (!isApplicable(transform, field.type))
    refuse(`${label} is not defined for column ${path} of type ${field.type.kind}`, 'choose another transform');
}

export function refuse(message: string, remedy: string): never {
  throw new SluiceError('unsupported', message, { remedy });
}

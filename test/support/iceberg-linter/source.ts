/** A table under the linter: where its files are, what is known of it, and what was found. */
import type { Locations } from '../../../src/contracts/locations.ts';
import { parseJson64 } from '../../../src/core/json64.ts';
import { parseSpec } from '../../../src/record/partition-json.ts';
import type { PartitionSpec } from '../../../src/record/partition-spec.ts';
import { walkFields, type FieldAt } from '../../../src/record/schema-check.ts';
import { parseSchema } from '../../../src/record/schema-json.ts';
import { isPrimitive, type PrimitiveType } from '../../../src/record/types.ts';
import { type Findings, show } from './findings.ts';
import { documents, type Document } from './metadata.ts';

export class TableSource {
  readonly findings: Findings;
  /** Every field of every schema by id; later schemas win. */
  readonly fields: ReadonlyMap<number, FieldAt>;
  readonly #locations: Locations;
  readonly #metadata: Document;

  constructor(metadata: Document, locations: Locations, findings: Findings) {
    this.findings = findings;
    this.#metadata = metadata;
    this.#locations = locations;
    this.fields = new Map(
      documents(metadata['schemas']).flatMap((schema) =>
        [...walkFields(parseSchema(schema, 'schema').fields)].map((at) => [at.field.id, at] as const),
      ),
    );
  }

  get snapshots(): readonly Document[] {
    return documents(this.#metadata['snapshots']);
  }

  get currentSchema(): Document | undefined {
    return documents(this.#metadata['schemas']).find(
      (schema) => schema['schema-id'] === this.#metadata['current-schema-id'],
    );
  }

  schemaIds(): readonly string[] {
    return documents(this.#metadata['schemas']).map((schema) => show(schema['schema-id']));
  }

  spec(id: number): PartitionSpec | undefined {
    const found = documents(this.#metadata['partition-specs']).find((spec) => spec['spec-id'] === id);
    return found === undefined ? undefined : parseSpec(found, `spec ${id}`);
  }

  /** Source types of the spec's fields, in its order. */
  sources(spec: PartitionSpec): readonly PrimitiveType[] {
    return sourceTypes(spec, this.fields);
  }

  /** The same when a manifest was written, by the schema in its header: the column may have been widened since. */
  sourcesThen(spec: PartitionSpec, header: ReadonlyMap<string, string>): readonly PrimitiveType[] {
    const text = header.get('schema');
    if (text === undefined) return this.sources(spec);
    const then = walkFields(parseSchema(parseJson64(text, 'header schema'), 'header schema').fields);
    return sourceTypes(spec, new Map([...this.fields, ...[...then].map((at) => [at.field.id, at] as const)]));
  }

  /** Adds a finding and answers undefined when the file is not there. */
  async read(uri: string, rule: string): Promise<Uint8Array | undefined> {
    const { store, key } = this.#locations.resolve(uri);
    const found = await store.get(key);
    this.findings.check(found !== undefined, rule, uri, 'the file is not there');
    return found?.bytes;
  }
}

const sourceTypes = (spec: PartitionSpec, fields: ReadonlyMap<number, FieldAt>): readonly PrimitiveType[] =>
  spec.fields.flatMap((field) => {
    const type = fields.get(field.sourceId)?.field.type;
    return type !== undefined && isPrimitive(type) ? [type] : [];
  });

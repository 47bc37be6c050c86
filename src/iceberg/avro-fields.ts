/**
 * Finding members of Avro records by field id, as readers of Iceberg must: names differ between writers, and columns may be missing
 * (spec "Column Projection"; conformance 8.5). Falls back to the name where a writer left ids out.
 */
import { SluiceError } from '../core/errors.ts';
import type { Json64 } from '../core/json64.ts';

type JsonObject = { readonly [key: string]: Json64 };

/** Reads one member of decoded records by its Iceberg field id. */
export type Getter = (record: unknown) => unknown;

interface Member {
  readonly name: string;
  readonly id: number | undefined;
  readonly type: Json64;
}

/** The members of a record schema, also behind a union with null. */
export class RecordFields {
  readonly #members: readonly Member[];
  readonly #what: string;

  constructor(schema: Json64 | undefined, what: string) {
    const record = withoutNull(schema);
    const fields = isObject(record) ? record['fields'] : undefined;
    if (!Array.isArray(fields)) throw new SluiceError('corrupt', `${what}: the Avro schema is not a record`);
    this.#what = what;
    this.#members = (fields as readonly Json64[]).filter(isObject).map((field) => ({
      name: typeof field['name'] === 'string' ? field['name'] : '',
      id: typeof field['field-id'] === 'number' ? field['field-id'] : undefined,
      type: field['type'] ?? null,
    }));
  }

  /** Answers null for absent members unless `isRequired`. */
  getter(id: number, name: string, isRequired = false): Getter {
    const member = this.#find(id, name);
    if (member === undefined) {
      if (isRequired) throw new SluiceError('corrupt', `${this.#what}: the Avro schema has no field ${id} (${name})`);
      return () => null;
    }
    const key = member.name;
    return (record) => (record as Record<string, unknown>)[key] ?? null;
  }

  /** Schema of a member, without the union with null; undefined when the member is absent. */
  typeOf(id: number, name: string): Json64 | undefined {
    const member = this.#find(id, name);
    return member === undefined ? undefined : withoutNull(member.type);
  }

  #find(id: number, name: string): Member | undefined {
    return (
      this.#members.find((member) => member.id === id) ??
      this.#members.find((member) => member.id === undefined && member.name === name)
    );
  }
}

const isObject = (json: Json64): json is JsonObject =>
  json !== null && typeof json === 'object' && !Array.isArray(json);

function withoutNull(schema: Json64 | undefined): Json64 {
  if (!Array.isArray(schema)) return schema ?? null;
  return (schema as readonly Json64[]).find((branch) => branch !== 'null') ?? null;
}

/**
 * What the API document says of one route: the shape of `Route.docs`, and the named schemas that answers share.
 * Owns no schema of an endpoint (those stand beside it in this folder) and no OpenAPI (`openapi.ts`).
 */
import * as z from 'zod';
import type { ProblemKind } from '../problems.ts';

/** JSON Schema 2020-12, written by hand. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly description: string;
  readonly schema: ParameterSchema;
  /** Of a query; those of a path always are. */
  readonly required?: true;
}

/** The part of JSON Schema that texts in paths, queries and headers need. */
export interface ParameterSchema {
  readonly type?: 'string' | 'integer';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: string;
  readonly examples?: readonly string[];
}

/** One event of a stream: before OpenAPI 3.2 the schema of `text/event-stream` is about each event. */
export const serverSentEvent: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    event: { type: 'string' },
    data: { type: 'string', contentMediaType: 'application/json' },
  },
  required: ['event', 'data'],
};

export interface Body {
  readonly schema: z.ZodType | JsonSchema;
  readonly example: unknown;
}

export interface Answer {
  readonly description: string;
  /** By content type, without parameters. Empty when the answer has no body. */
  readonly content: Readonly<Record<string, Body>>;
  readonly headers?: Readonly<Record<string, Parameter>>;
}

/** A request of `docs/api.md`, shown as curl and run by a test against a daemon that holds the table `web.clicks`. */
export interface Example {
  /** With its query. `$POSITION` stands for a position that an append answered. */
  readonly target: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Why a fresh daemon cannot answer it with a 2xx; the test then leaves it out. */
  readonly needs?: string;
}

export interface RouteDocs {
  readonly tag: string;
  /** Sentences below the summary. */
  readonly description?: string;
  /** Path parameters beyond `PATH_PARAMETERS`, by name. */
  readonly path?: Readonly<Record<string, Parameter>>;
  readonly query?: Readonly<Record<string, Parameter>>;
  readonly headers?: Readonly<Record<string, Parameter>>;
  /** By content type. */
  readonly body?: Readonly<Record<string, Body>>;
  /** Every status below 400. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beyond those that any route may answer (`problem-docs.ts`). */
  readonly problems: readonly ProblemKind[];
  readonly examples: readonly [Example, ...Example[]];
}

const TABLE_NAME =
  '^[^./\\\\\\u0000-\\u001f\\u007f-\\u009f]{1,255}(\\.[^./\\\\\\u0000-\\u001f\\u007f-\\u009f]{1,255})+$';

export const PATH_PARAMETERS: Readonly<Record<string, Parameter>> = {
  table: { description: 'Namespace and name, such as `web.clicks`.', schema: { type: 'string', pattern: TABLE_NAME } },
};

const named = z.registry<{ id: string }>();

/** Gives a schema its name under `#/components/schemas`; call it once a schema. */
export function component<T extends z.ZodType>(id: string, schema: T): T {
  named.add(schema, { id });
  return schema;
}

/** Every named schema, as JSON Schema that refers to the others by name. */
export function componentSchemas(): Readonly<Record<string, JsonSchema>> {
  const { schemas } = z.toJSONSchema(named, { uri: refOf });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]));
}

export function schemaOf(schema: z.ZodType | JsonSchema): JsonSchema {
  if (!(schema instanceof z.ZodType)) return schema;
  const id = named.get(schema)?.id;
  return id === undefined ? withoutIdentity(z.toJSONSchema(schema)) : { $ref: refOf(id) };
}

export const refOf = (id: string): string => `#/components/schemas/${id}`;

function withoutIdentity(schema: JsonSchema): JsonSchema {
  const { $schema: _, $id: __, ...rest } = schema;
  return rest;
}

/** A number of 64 bits leaves as text: it does not fit a double. */
export const wide = (description: string) =>
  z
    .string()
    .regex(/^-?\d+$/)
    .describe(`${description}; 64 bits, as text`);

export const instant = (description: string) =>
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    .describe(description);

export const tableName = () => z.string().describe('Namespace and name');

export const json = (schema: Body['schema'], example: unknown): Answer['content'] => ({
  'application/json': { schema, example },
});

/** OpenAPI 3.1 from the declarations of routes. Pure. Owns the form of the document; what it says of a route stands in `Route.docs`. */
import type { Access, Route } from '../route.ts';
import type { Answer, Body, JsonSchema, Parameter } from './route-docs.ts';
import { componentSchemas, PATH_PARAMETERS, schemaOf } from './route-docs.ts';
import { problemResponses } from './problem-docs.ts';

type Member = Readonly<Record<string, unknown>>;

const SECURITY: Readonly<Record<Access, readonly Member[] | undefined>> = {
  public: [],
  append: undefined,
  read: undefined,
  maintain: undefined,
  admin: undefined,
};

export function openApiDocument(routes: readonly Route[], version: string): Member {
  const paths: Record<string, Record<string, Member>> = {};
  for (const route of routes) {
    const path = (paths[pathOf(route.path)] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Sluice',
      version,
      summary: 'Streams in, lakehouse tables out',
      description:
        'Records over HTTP into Apache Iceberg tables, exactly once. 64-bit numbers are JSON strings; every error is application/problem+json.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The service that serves this document' }],
    security: [{ bearer: [] }, {}],
    tags: [...new Set(routes.flatMap(({ docs }) => docs?.tag ?? []))].map((name) => ({ name })),
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key. Needed once any key exists; without keys everybody may do everything.',
        },
      },
    },
  };
}

/** `/tables/:table` as `/tables/{table}`. */
export const pathOf = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

const parametersOfPath = (path: string): readonly string[] =>
  [...path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');

function operationOf(route: Route): Member {
  const { docs, summary, method, path, access } = route;
  const security = SECURITY[access];
  return {
    operationId: operationId(route),
    summary,
    ...(docs === undefined ? {} : { tags: [docs.tag] }),
    ...(docs?.description === undefined ? {} : { description: docs.description }),
    'x-access': access,
    ...(security === undefined ? {} : { security }),
    parameters: [
      ...parametersOfPath(path).map((name) =>
        parameter(
          'path',
          name,
          docs?.path?.[name] ?? PATH_PARAMETERS[name] ?? { description: name, schema: { type: 'string' } },
        ),
      ),
      ...Object.entries(docs?.query ?? {}).map(([name, told]) => parameter('query', name, told)),
      ...Object.entries(docs?.headers ?? {}).map(([name, told]) => parameter('header', name, told)),
    ],
    ...(docs?.body === undefined ? {} : { requestBody: { required: true, content: contentOf(docs.body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(docs?.answers ?? {}).map(([status, answer]) => [status, responseOf(answer)]),
      ),
      ...problemResponses(access, docs?.problems ?? []),
      ...(docs === undefined
        ? { default: { description: `What ${method} ${path} answers is not described yet` } }
        : {}),
    },
  };
}

/** `POST /api/v1/tables/:table/records` → `postTablesRecords`: stable while the path is. */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/api\/v1/, '')
    .split(/[^A-Za-z]+/)
    .filter((word) => word !== '');
  const named = parametersOfPath(path);
  const by = path.endsWith(`:${named.at(-1)}`) ? ['by'] : [];
  const last = by.length > 0 ? [...words.slice(0, -1), ...by, ...words.slice(-1)] : words;
  return method.toLowerCase() + last.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

const parameter = (
  place: 'path' | 'query' | 'header',
  name: string,
  { description, schema, required }: Parameter,
): Member => ({
  name,
  in: place,
  ...(place === 'path' || required === true ? { required: true } : {}),
  description,
  schema,
});

const responseOf = ({ description, content, headers }: Answer): Member => ({
  description,
  ...(headers === undefined
    ? {}
    : {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, told]) => [name, { description: told.description, schema: told.schema }]),
        ),
      }),
  ...(Object.keys(content).length === 0 ? {} : { content: contentOf(content) }),
});

const contentOf = (content: Readonly<Record<string, Body>>): Record<string, { schema: JsonSchema; example: unknown }> =>
  Object.fromEntries(
    Object.entries(content).map(([type, { schema, example }]) => [type, { schema: schemaOf(schema), example }]),
  );

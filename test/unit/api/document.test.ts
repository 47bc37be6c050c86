/** Promises of the API document: it is OpenAPI 3.1, it describes every route and problem, and parameters are what the routes take. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { declaredRoutes, packageVersion } from '../../../config/tooling/declared-routes.ts';
import { openApiDocument, pathOf } from '../../../src/api/document/openapi.ts';
import { PATH_PARAMETERS } from '../../../src/api/document/route-docs.ts';
import { PROBLEM_TEXTS } from '../../../src/api/problem-texts.ts';
import { problemKinds } from '../../../src/api/problem-page.ts';
import type { Route } from '../../../src/api/route.ts';
import { apiDocument } from '../../support/api-document/document.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { testApi } from '../../support/fake-ports.ts';

const routes = declaredRoutes();
/** Path of the first example, filled in. */
const exampleOf = ({ docs }: Route): string =>
  (docs?.examples[0].target.split('?')[0] ?? '').replace('$POSITION', `p${'0'.repeat(32)}-1`);

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

let api: TestApi;
beforeEach(() => {
  api = testApi();
  api.ports.awaited = { kind: 'durable' };
});
afterEach(() => api.close());

test('every route is described', () => {
  const remedy =
    'write a RouteDocs beside the others in src/api/document, name it under `docs` in the declaration, then `npm run schema`';
  const missing = routes.flatMap((route) => [
    ...(route.docs === undefined ? [`${nameOf(route)} has no docs: ${remedy}`] : []),
    ...[...route.path.matchAll(/:(\w+)/g)]
      .filter(
        ([, name = '']) => route.docs !== undefined && (route.docs.path?.[name] ?? PATH_PARAMETERS[name]) === undefined,
      )
      .map(([, name]) => `${nameOf(route)}: its docs do not describe the path parameter ":${name}" (docs.path)`),
  ]);
  expect(missing).toEqual([]);
});

test('the document is OpenAPI 3.1, and no two operations share an id', async () => {
  const document = openApiDocument(routes, packageVersion());
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  const ids = Object.values(document['paths'] as Record<string, Record<string, { operationId: string }>>).flatMap(
    (path) => Object.values(path).map(({ operationId }) => operationId),
  );
  expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted());
});

test('it is served as it is stored, to everybody', async () => {
  const answer = await api.app.inject('/api/v1/openapi.json');
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument(routes, '1.2.3'))));
});

describe('examples of the document', () => {
  const bodies = routes.flatMap((route) =>
    Object.entries(route.docs?.answers ?? {}).flatMap(([status, { content }]) =>
      Object.entries(content).map(([type, { example }]) => ({ route, status: Number(status), type, example })),
    ),
  );
  test.each(bodies)('$route.method $route.path → $status fits its schema', ({ route, status, type, example }) => {
    const path = pathOf(route.path).replaceAll(/\{\w+\}/g, 'x');
    const body = type.endsWith('json') ? JSON.stringify(example) : String(example);
    expect(apiDocument().fault({ method: route.method, path, status, contentType: type, body })).toBeUndefined();
  });
});

describe('query parameters', () => {
  const described = routes.filter(({ docs }) => docs !== undefined);

  test.each(described.map((route) => ({ route })))(
    '$route.method $route.path takes those described, and no others',
    async ({ route }) => {
      const names = Object.keys(route.docs?.query ?? {});
      const answer = await api.app.inject({ method: route.method, url: `${exampleOf(route)}?no_such_parameter=1` });
      // Routes that look at no query answer as if there were none.
      if (answer.statusCode < 400) return expect(names).toEqual([]);
      expect(answer.json()).toMatchObject({ type: '/problems/invalid-request', parameter: 'no_such_parameter' });
      const known = /known are (.*)$/.exec(answer.json<{ detail: string }>().detail)?.[1]?.split(', ') ?? [];
      expect(known.toSorted()).toEqual(names.toSorted());
    },
  );

  // A subscription that is taken does not end.
  const ending = described.filter(({ subscription }) => subscription !== true);
  const words = ending.flatMap((route) =>
    Object.entries(route.docs?.query ?? {}).flatMap(([name, { schema }]) =>
      (schema.enum ?? schema.examples ?? []).map((word) => ({
        route,
        name,
        word,
      })),
    ),
  );
  test.each(words)('$route.method $route.path takes $name=$word', async ({ route, name, word }) => {
    const answer = await api.app.inject({ method: route.method, url: `${exampleOf(route)}?${name}=${word}` });
    const refusal: unknown = answer.statusCode < 400 ? {} : answer.json();
    expect(refusal).not.toHaveProperty('parameter');
  });
});

describe('problems', () => {
  test.each(problemKinds)('%s has a page where its type points', async (kind) => {
    const page = await api.app.inject(`/problems/${kind}`);
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.body).toContain(`/problems/${kind}`);
    expect(page.body).toContain(PROBLEM_TEXTS[kind].remedy.split(/[`*<>&]/)[0]);
  });

  test('a kind that is none leads nowhere', async () => {
    expect((await api.app.inject('/problems/toString')).json()).toMatchObject({ type: '/problems/no-such-route' });
  });
});

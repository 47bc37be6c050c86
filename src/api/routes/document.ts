/** The API's description of itself: the OpenAPI document, and a page for each problem at the URL that its `type` names. */
import type { ApiContext } from '../context.ts';
import { openApiDocs, problemPageDocs } from '../document/operation-docs.ts';
import { openApiDocument } from '../document/openapi.ts';
import { isProblemKind, problemPage } from '../problem-page.ts';
import { ProblemError } from '../problems.ts';
import type { Handler, Route } from '../route.ts';
import { json } from '../wire.ts';

/** `routes` is asked at the first request: it holds these routes as well. */
export const documentRoutes = (context: ApiContext, routes: () => readonly Route[]): readonly Route[] => [
  {
    method: 'GET',
    path: '/api/v1/openapi.json',
    access: 'public',
    summary: 'This API as OpenAPI 3.1',
    handler: openApi(context, routes),
    docs: openApiDocs,
  },
  {
    method: 'GET',
    path: '/problems/:kind',
    access: 'public',
    summary: 'What a problem means and what to do',
    handler: showProblem,
    docs: problemPageDocs,
  },
];

function openApi(context: ApiContext, routes: () => readonly Route[]): Handler {
  let document: object | undefined;
  return (_request, reply) => json(reply, 200, (document ??= openApiDocument(routes(), context.version)));
}

const showProblem: Handler = (request, reply) => {
  const { kind } = request.params as { readonly kind: string };
  if (!isProblemKind(kind)) throw new ProblemError('no-such-route', `"${kind}" is not a kind of problem`);
  reply
    .code(200)
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'");
  return problemPage(kind);
};

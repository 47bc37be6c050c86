/** `GET /api/v1/audit`: what was done and what was refused, the latest first. */
import type { ApiContext } from '../context.ts';
import { auditDocs } from '../document/operation-docs.ts';
import { QueryParameters } from '../query-parameters.ts';
import type { Handler, Route } from '../route.ts';
import { json } from '../wire.ts';

const DEFAULT_LINES = 100;
const MAX_LINES = 1_000;

export const auditRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: '/api/v1/audit',
    access: 'admin',
    summary: 'List the latest control actions and denials',
    handler: showAudit(context),
    docs: auditDocs,
  },
];

const showAudit =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const limit = new QueryParameters(request.query, ['limit']).count('limit', DEFAULT_LINES, MAX_LINES);
    return json(reply, 200, { entries: await context.access.audit.latest(limit) });
  };

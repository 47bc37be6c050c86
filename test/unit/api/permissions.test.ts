/**
 * The permission matrix: every declared route × every kind of caller. What is expected is written down here by hand; a route that is declared and
 * not written down fails.
 */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApi } from '../../../src/api/app.ts';
import type { Route } from '../../../src/api/route.ts';
import { allRoutes } from '../../../src/api/routes/all.ts';
import type { Grant } from '../../../src/record/scopes.ts';
import { GRANTS } from '../../../src/record/scopes.ts';
import { TestAccess, bearer } from '../../support/access.ts';
import { testContext } from '../../support/fake-ports.ts';

/**
 * `public`: nobody is asked. `<grant> of table`: on the table of the path. `<grant> somewhere`: on any table, the handler keeps to it.
 * `<grant> everywhere`: on all tables.
 */
type Expectation = 'public' | `${Grant} of table` | `${Grant} somewhere` | `${Grant} everywhere`;

const EXPECTED: Readonly<Record<string, Expectation>> = {
  'POST /api/v1/tables/:table/records': 'append of table',
  'PUT /api/v1/tables/:table/channels/:channel': 'append of table',
  'GET /api/v1/tables/:table/channels': 'append of table',
  'GET /api/v1/tables/:table/channels/:channel': 'append of table',
  'DELETE /api/v1/tables/:table/channels/:channel': 'append of table',
  'GET /api/v1/tables/:table/positions/:position': 'read of table',
  'GET /api/v1/tables': 'read somewhere',
  'POST /api/v1/tables': 'admin somewhere',
  'GET /api/v1/tables/:table': 'read of table',
  'GET /api/v1/tables/:table/snapshots': 'read of table',
  'GET /api/v1/tables/:table/files': 'read of table',
  'GET /api/v1/tables/:table/checkpoints': 'read of table',
  'POST /api/v1/tables/:table/actions/flush': 'maintain of table',
  'POST /api/v1/actions/flush': 'maintain everywhere',
  'GET /api/v1/diagnose': 'read somewhere',
  'GET /api/v1/tables/:table/health': 'read of table',
  'GET /api/v1/tables/:table/health/history': 'read of table',
  'GET /api/v1/tables/:table/dead-letters': 'read of table',
  'GET /api/v1/tables/:table/dead-letters/export': 'read of table',
  'GET /api/v1/tables/:table/dead-letters/:letter': 'read of table',
  'POST /api/v1/tables/:table/dead-letters/replay': 'maintain of table',
  'POST /api/v1/tables/:table/dead-letters/discard': 'maintain of table',
  'POST /api/v1/tables/:table/actions/compact': 'maintain of table',
  'POST /api/v1/tables/:table/actions/expire-snapshots': 'maintain of table',
  'POST /api/v1/tables/:table/actions/rewrite-manifests': 'maintain of table',
  'POST /api/v1/tables/:table/actions/remove-orphans': 'maintain of table',
  'POST /api/v1/tables/:table/actions/rollback': 'admin of table',
  'GET /api/v1/jobs': 'maintain somewhere',
  'GET /api/v1/jobs/:job': 'maintain somewhere',
  'GET /api/v1/jobs/:job/events': 'maintain somewhere',
  'DELETE /api/v1/jobs/:job': 'maintain somewhere',
  'GET /api/v1/audit': 'admin everywhere',
  'GET /api/v1/events': 'read somewhere',
  'GET /api/v1/config': 'admin everywhere',
  'POST /api/v1/config/validate': 'admin everywhere',
  'POST /api/v1/actions/reload': 'admin everywhere',
  'GET /livez': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'read everywhere',
  'GET /version': 'public',
  'GET /api/v1/openapi.json': 'public',
  'GET /problems/:kind': 'public',
};

const TABLE = 'web.clicks';
const OTHER = 'shop.orders';
const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

const access = new TestAccess();
const { context } = testContext({ access, runtime: access.runtime });
const routes = allRoutes(context);
let app: FastifyInstance;

beforeAll(() => {
  // What a handler would do is not the matter: being called is.
  app = buildApi(
    context,
    { surface: 'all' },
    routes.map((route) => ({ ...route, handler: () => 'let in' })),
  );
});
afterAll(() => app.close());

/** `in`, or the status of the refusal. */
async function outcome(route: Route, key: string | undefined, table = TABLE): Promise<'in' | number> {
  const url = route.path.replace(':table', table).replaceAll(/:\w+/g, 'x');
  const headers = key === undefined ? {} : bearer(key);
  const response = await app.inject({ method: route.method, url, headers });
  if (route.method === 'GET')
    expect((await app.inject({ method: 'HEAD', url, headers })).statusCode).toBe(response.statusCode);
  return response.body === 'let in' ? 'in' : response.statusCode;
}

test('what is declared is what is expected, route by route', () => {
  expect(routes.map(nameOf).sort()).toEqual(Object.keys(EXPECTED).sort());
});

describe.each(routes.map((route) => [nameOf(route), route] as const))('%s', (name, route) => {
  const expected = EXPECTED[name] ?? 'public';
  const [needed = '', , where = ''] = expected.split(/ (of )?/);

  test('callers who are not known', async () => {
    const wrong = access.key(['admin']);
    const expired = access.key(['admin'], { livesMs: 1000 });
    const revoked = access.key(['admin']);
    const rotated = access.key(['admin']);
    const inOverlap = access.key(['admin']);
    access.revoke(revoked.id);
    access.rotate(rotated.id, 0);
    access.rotate(inOverlap.id, 3_600_000);
    access.runtime.advance(1000);
    const unknown = expected === 'public' ? 'in' : 401;
    const outcomes = {
      none: await outcome(route, undefined),
      'no key at all': await outcome(route, 'let-me-in'),
      'unknown id': await outcome(route, `sk_${'0'.repeat(12)}_${wrong.text.slice(-64)}`),
      'wrong secret': await outcome(
        route,
        wrong.text.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      ),
      expired: await outcome(route, expired.text),
      revoked: await outcome(route, revoked.text),
      'rotated, overlap over': await outcome(route, rotated.text),
    };
    for (const [who, came] of Object.entries(outcomes)) expect([who, came]).toEqual([who, unknown]);
    expect(await outcome(route, inOverlap.text)).toBe('in');
  });

  test.each(GRANTS)('a key with %s', async (grant) => {
    const enough = expected === 'public' || grant === needed || grant === 'admin';
    const everywhere = access.key([grant]).text;
    const web = access.key([`${grant}:web.*`]).text;
    expect(await outcome(route, everywhere)).toBe(enough ? 'in' : 403);
    expect(await outcome(route, web)).toBe(enough && where !== 'everywhere' ? 'in' : 403);
    expect(await outcome(route, web, OTHER)).toBe(
      enough && (expected === 'public' || where === 'somewhere') ? 'in' : 403,
    );
  });

  test('a key without scopes', async () => {
    expect(await outcome(route, access.key([]).text)).toBe(expected === 'public' ? 'in' : 403);
  });
});

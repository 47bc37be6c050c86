/** What the API document says of health, metrics, version, of itself and of the pages of problems. */
import * as z from 'zod';
import { PROBLEMS } from '../problems.ts';
import type { RouteDocs } from './route-docs.ts';
import { component, json } from './route-docs.ts';

const TAG = 'Operations';

const ok = component('Ok', z.strictObject({ ok: z.literal(true) }));

export const livezDocs: RouteDocs = {
  tag: TAG,
  answers: { 200: { description: 'It turns', content: json(ok, { ok: true }) } },
  problems: [],
  examples: [{ target: '/livez' }],
};

export const readyzDocs: RouteDocs = {
  tag: TAG,
  answers: { 200: { description: 'Records are accepted', content: json(ok, { ok: true }) } },
  problems: ['not-ready'],
  examples: [{ target: '/readyz' }],
};

export const metricsDocs: RouteDocs = {
  tag: TAG,
  answers: {
    200: {
      description: 'Prometheus text exposition',
      content: {
        'text/plain': {
          schema: { type: 'string' },
          example: '# TYPE sluice_ingest_records_total counter\nsluice_ingest_records_total{table="web.clicks"} 2\n',
        },
      },
    },
  },
  problems: ['unavailable'],
  examples: [{ target: '/metrics' }],
};

export const versionDocs: RouteDocs = {
  tag: TAG,
  answers: {
    200: {
      description: 'The version',
      content: json(
        component('Version', z.strictObject({ name: z.literal('sluice'), version: z.string(), node: z.string() })),
        { name: 'sluice', version: '0.1.0', node: '24.21.0' },
      ),
    },
  },
  problems: [],
  examples: [{ target: '/version' }],
};

export const openApiDocs: RouteDocs = {
  tag: TAG,
  answers: {
    200: {
      description: 'OpenAPI 3.1',
      content: json({ type: 'object', required: ['openapi', 'paths'] }, { openapi: '3.1.1', info: {}, paths: {} }),
    },
  },
  problems: [],
  examples: [{ target: '/api/v1/openapi.json' }],
};

export const problemPageDocs: RouteDocs = {
  tag: TAG,
  path: {
    kind: {
      description: 'The last part of a problem’s `type`.',
      schema: { enum: Object.keys(PROBLEMS) },
    },
  },
  answers: {
    200: {
      description: 'What the problem means and what to do',
      content: { 'text/html': { schema: { type: 'string' }, example: '<!doctype html>…' } },
    },
  },
  problems: ['no-such-route'],
  examples: [{ target: '/problems/invalid-records' }],
};

export const auditDocs: RouteDocs = {
  tag: TAG,
  query: {
    limit: {
      description: 'Most entries.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: '100', examples: ['10'] },
    },
  },
  answers: {
    200: {
      description: 'The latest first',
      content: json(component('Audit', z.strictObject({ entries: z.array(z.looseObject({})) })), {
        entries: [{ who: 'key:ingest', action: 'POST /api/v1/tables/:table/actions/flush', outcome: 'done' }],
      }),
    },
  },
  problems: ['unavailable'],
  examples: [{ target: '/api/v1/audit?limit=10' }],
};

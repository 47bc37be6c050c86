/** What the API document says of diagnosis and health. Members of findings are told where they are made (docs of `sluice doctor`). */
import * as z from 'zod';
import type { RouteDocs } from './route-docs.ts';
import { component, json } from './route-docs.ts';

const TAG = 'Operations';

export const diagnoseDocs: RouteDocs = {
  tag: TAG,
  query: {
    table: { description: 'Only this table.', schema: { type: 'string', examples: ['web.clicks'] } },
  },
  answers: {
    200: { description: 'Findings, worst first', content: json(component('Diagnosis', z.looseObject({})), {}) },
  },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: '/api/v1/diagnose' }],
};

export const healthDocs: RouteDocs = {
  tag: TAG,
  answers: {
    200: { description: 'The score and its reasons', content: json(component('Health', z.looseObject({})), {}) },
  },
  problems: ['no-such-table', 'unavailable'],
  examples: [{ target: '/api/v1/tables/web.clicks/health' }],
};

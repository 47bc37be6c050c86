/** What the API document says of the daemon's configuration. */
import * as z from 'zod';
import type { RouteDocs } from './route-docs.ts';
import { component, json } from './route-docs.ts';

const TAG = 'Operations';

const fault = component(
  'ConfigurationFault',
  z.strictObject({
    file: z.string(),
    line: z.number(),
    column: z.number(),
    path: z.string().describe('Keys from the top of the file, with dots'),
    message: z.string(),
  }),
);
const paths = z.array(z.string()).describe('Keys of the file');

export const configDocs: RouteDocs = {
  tag: TAG,
  description: 'Secrets are hidden. `needs_restart` are keys that were changed in the file since, and wait.',
  answers: {
    200: {
      description: 'The configuration that holds',
      content: json(
        component(
          'Configuration',
          z.strictObject({ source: z.string().nullable(), settings: z.looseObject({}), needs_restart: paths }),
        ),
        { source: '/etc/sluice.yaml', settings: { checkpoint: { interval: '10s' } }, needs_restart: [] },
      ),
    },
  },
  problems: [],
  examples: [{ target: '/api/v1/config' }],
};

export const validateConfigDocs: RouteDocs = {
  tag: TAG,
  description: 'Reads no other file and no variable of the environment. 200 whether valid or not.',
  body: {
    'application/yaml': {
      schema: { description: 'Any text: what is wrong with it is the answer.' },
      example: 'checkpoint: { interval: 5s }\n',
    },
  },
  answers: {
    200: {
      description: 'What is wrong with it',
      content: json(component('ConfigurationCheck', z.strictObject({ valid: z.boolean(), faults: z.array(fault) })), {
        valid: true,
        faults: [],
      }),
    },
  },
  problems: ['invalid-body', 'body-too-large', 'unsupported-media-type', 'overloaded'],
  examples: [
    {
      target: '/api/v1/config/validate',
      contentType: 'application/yaml',
      body: 'checkpoint: { interval: 5s }\n',
    },
  ],
};

export const reloadDocs: RouteDocs = {
  tag: TAG,
  description: 'As SIGHUP. Nothing is half applied: a file with faults changes nothing.',
  answers: {
    200: {
      description: 'What changed, and what waits for a restart',
      content: json(component('Reloaded', z.strictObject({ applied: paths, needs_restart: paths, no_effect: paths })), {
        applied: ['checkpoint.interval'],
        needs_restart: [],
        no_effect: [],
      }),
    },
  },
  problems: ['reload-refused', 'invalid-configuration'],
  examples: [{ target: '/api/v1/actions/reload', needs: 'a daemon that was started with a file' }],
};

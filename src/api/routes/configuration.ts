/** The daemon's configuration: what holds, whether another text would do, and reading the file again. */
import type { FastifyRequest } from 'fastify';
import type { ConfigFault } from '../../contracts/config-port.ts';
import type { ApiContext } from '../context.ts';
import { configDocs, reloadDocs, validateConfigDocs } from '../document/configuration-docs.ts';
import { ProblemError } from '../problems.ts';
import { QueryParameters } from '../query-parameters.ts';
import { bodyOf } from '../requests.ts';
import type { Handler, Route } from '../route.ts';
import { json } from '../wire.ts';

/** Parsing is one step of the event loop. */
const MAX_CONFIG_BYTES = 256 * 1024;
const TYPES = 'application/yaml, application/x-yaml, text/yaml';

export const configurationRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'GET',
    path: '/api/v1/config',
    access: 'admin',
    summary: 'The configuration that holds, secrets hidden, and which keys wait for a restart',
    handler: running(context),
    docs: configDocs,
  },
  {
    method: 'POST',
    path: '/api/v1/config/validate',
    access: 'admin',
    summary: 'Check a configuration file (YAML) without using it',
    handler: validate(context),
    docs: validateConfigDocs,
  },
  {
    method: 'POST',
    path: '/api/v1/actions/reload',
    access: 'admin',
    summary: 'Read the configuration file again and apply what can be',
    handler: reload(context),
    docs: reloadDocs,
  },
];

const running =
  (context: ApiContext): Handler =>
  (request, reply) => {
    noParameters(request);
    const { source, settings, needsRestart } = context.config.running();
    return json(reply, 200, { source: source ?? null, settings, needs_restart: needsRestart });
  };

/** 200 whether valid or not: the question was answered. */
const validate =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
    if (!TYPES.split(', ').includes(type))
      throw new ProblemError('unsupported-media-type', 'a configuration is application/yaml', {
        headers: { accept: TYPES },
      });
    const { body, release } = await bodyOf(request, context, MAX_CONFIG_BYTES);
    try {
      const faults = context.config.validate(textOf(body));
      return json(reply, 200, { valid: faults.length === 0, faults: faults.map(faultJson) });
    } finally {
      release();
    }
  };

const reload =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const outcome = await context.config.reload();
    switch (outcome.kind) {
      case 'reloaded':
        return json(reply, 200, {
          applied: outcome.applied,
          needs_restart: outcome.needsRestart,
          no_effect: outcome.noEffect,
        });
      case 'invalid':
        throw new ProblemError(
          'invalid-configuration',
          'nothing was changed; mend what faults names, then reload again',
          {
            extras: { faults: outcome.faults.map(faultJson) },
          },
        );
      case 'refused':
        throw new ProblemError('reload-refused', `nothing was changed: ${outcome.reason}`, {
          extras: { try: outcome.remedy },
        });
    }
  };

const noParameters = (request: FastifyRequest): QueryParameters => new QueryParameters(request.query, []);

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new ProblemError('invalid-body', 'the body is not UTF-8');
  }
}

const faultJson = ({ file, line, column, path, message }: ConfigFault) => ({ file, line, column, path, message });

/** What the API document says of the channels of exactly-once producers. */
import * as z from 'zod';
import type { Parameter, ParameterSchema, RouteDocs } from './route-docs.ts';
import { component, json, tableName, wide } from './route-docs.ts';

const TAG = 'Producers';
const CHANNEL = '/api/v1/tables/web.clicks/channels/edge-7';

export const OFFSET: ParameterSchema = { type: 'string', pattern: '^[0-9]{1,18}$', examples: ['42'] };
export const CHANNEL_NAME: ParameterSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,199}$',
  examples: ['edge-7'],
};

const members = {
  channel: z.string(),
  epoch: wide('Whoever opened it last; requests of an older epoch are refused'),
  expected_offset: wide('Offset of the next record'),
  committed_offset: wide('The last that is durable').nullable(),
};
const channel = component('Channel', z.strictObject({ table: tableName(), ...members }));
const example = {
  table: 'web.clicks',
  channel: 'edge-7',
  epoch: '4',
  expected_offset: '42',
  committed_offset: '41',
};
const path: Readonly<Record<string, Parameter>> = {
  channel: { description: 'Name of the channel, of the producer’s choice.', schema: CHANNEL_NAME },
};

export const openChannelDocs: RouteDocs = {
  tag: TAG,
  description:
    'Raises the epoch, so that whoever had the channel before is refused from now on, and answers which offset comes next. Durable before the answer.',
  path,
  query: {
    offset: {
      description: 'Offset of the first record; only for a channel that is new, or whose state was lost.',
      schema: OFFSET,
    },
  },
  answers: { 200: { description: 'Open', content: json(channel, example) } },
  problems: [
    'no-such-table',
    'offset-conflict',
    'state-lost',
    'too-many-channels',
    'overloaded',
    'not-accepting',
    'table-stopped',
  ],
  examples: [{ target: CHANNEL }],
};

export const showChannelDocs: RouteDocs = {
  tag: TAG,
  path,
  answers: { 200: { description: 'Where it stands', content: json(channel, example) } },
  problems: ['no-such-table', 'no-such-channel', 'state-lost', 'not-accepting'],
  examples: [{ target: CHANNEL }],
};

export const listChannelsDocs: RouteDocs = {
  tag: TAG,
  answers: {
    200: {
      description: 'Open channels by name',
      content: json(
        component('ChannelList', z.strictObject({ table: tableName(), channels: z.array(z.strictObject(members)) })),
        {
          table: 'web.clicks',
          channels: [{ channel: 'edge-7', epoch: '4', expected_offset: '42', committed_offset: '41' }],
        },
      ),
    },
  },
  problems: ['no-such-table', 'not-accepting'],
  examples: [{ target: '/api/v1/tables/web.clicks/channels' }],
};

export const closeChannelDocs: RouteDocs = {
  tag: TAG,
  description: 'A channel that is opened under the name later begins anew.',
  path,
  answers: {
    200: {
      description: 'Closed',
      content: json(
        component('ClosedChannel', z.strictObject({ table: tableName(), ...members, closed: z.literal(true) })),
        { ...example, closed: true },
      ),
    },
  },
  problems: ['no-such-table', 'no-such-channel', 'state-lost', 'overloaded', 'not-accepting'],
  examples: [{ target: CHANNEL }],
};

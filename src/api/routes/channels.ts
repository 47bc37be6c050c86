/** Channels of exactly-once producers: open, list, look at, close. Owns status codes; the rules are behind the port. */
import type { FastifyRequest } from 'fastify';
import type { ChannelAnswer, ChannelStatus } from '../../contracts/service-ports.ts';
import { formatTableName } from '../../core/ids.ts';
import type { ApiContext } from '../context.ts';
import { closeChannelDocs, listChannelsDocs, openChannelDocs, showChannelDocs } from '../document/channel-docs.ts';
import { ProblemError } from '../problems.ts';
import { channelName, producerProblem, wholeOf } from '../producer-request.ts';
import { QueryParameters } from '../query-parameters.ts';
import { refusal } from '../refusals.ts';
import { tableOf } from '../requests.ts';
import { TABLE, type Handler, type Route } from '../route.ts';
import { json } from '../wire.ts';

const CHANNELS = `${TABLE}/channels`;
const CHANNEL = `${CHANNELS}/:channel`;

export const channelRoutes = (context: ApiContext): readonly Route[] => [
  {
    method: 'PUT',
    path: CHANNEL,
    access: 'append',
    summary: 'Open a channel: raise its epoch and learn the offset it expects',
    handler: openChannel(context),
    docs: openChannelDocs,
  },
  {
    method: 'GET',
    path: CHANNELS,
    access: 'append',
    summary: 'List open channels',
    handler: listChannels(context),
    docs: listChannelsDocs,
  },
  {
    method: 'GET',
    path: CHANNEL,
    access: 'append',
    summary: 'Show epoch and offset of a channel',
    handler: showChannel(context),
    docs: showChannelDocs,
  },
  {
    method: 'DELETE',
    path: CHANNEL,
    access: 'append',
    summary: 'Close a channel and forget its offset',
    handler: closeChannel(context),
    docs: closeChannelDocs,
  },
];

const openChannel =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    const { table, name, channel } = addressed(request);
    const offset = new QueryParameters(request.query, ['offset']).text('offset');
    const start = offset === undefined ? undefined : wholeOf(offset, 'offset');
    const answer = await context.channels.open(table, channel, start);
    return json(reply, 200, { table: name, ...channelJson(done(answer, name, channel)) });
  };

const showChannel =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const { table, name, channel } = addressed(request);
    const answer = await context.channels.channel(table, channel);
    return json(reply, 200, { table: name, ...channelJson(done(answer, name, channel)) });
  };

const closeChannel =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const { table, name, channel } = addressed(request);
    const answer = await context.channels.close(table, channel);
    return json(reply, 200, { table: name, ...channelJson(done(answer, name, channel)), closed: true });
  };

const listChannels =
  (context: ApiContext): Handler =>
  async (request, reply) => {
    noParameters(request);
    const table = tableOf(request);
    const answer = await context.channels.channels(table);
    if (answer.kind !== 'listed') throw refusal(answer, formatTableName(table));
    return json(reply, 200, { table: formatTableName(table), channels: answer.channels.map(channelJson) });
  };

const noParameters = (request: FastifyRequest): QueryParameters => new QueryParameters(request.query, []);

function addressed(request: FastifyRequest) {
  const table = tableOf(request);
  const { channel } = request.params as { readonly channel: string };
  return { table, name: formatTableName(table), channel: channelName(channel) };
}

/** `committed_offset` is the last that is durable: a producer may forget up to it. */
const channelJson = ({ name, epoch, next }: ChannelStatus) => ({
  channel: name,
  epoch: epoch.toString(),
  expected_offset: next.toString(),
  committed_offset: next === 0n ? null : (next - 1n).toString(),
});

function done(answer: ChannelAnswer, table: string, channel: string): ChannelStatus {
  switch (answer.kind) {
    case 'done':
      return answer.channel;
    case 'producer-refused':
      throw producerProblem(answer.refusal, table, channel);
    case 'too-many-channels':
      throw new ProblemError(
        'too-many-channels',
        `the table has ${answer.limit} open channels, the most it may have (producers.max_channels)`,
        { extras: { table, limit: answer.limit, try: 'close channels nobody uses: DELETE …/channels/{name}' } },
      );
    default:
      throw refusal(answer, table);
  }
}

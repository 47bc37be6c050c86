/** What the API document says of the stream of events. */
import type { RouteDocs } from './route-docs.ts';
import { serverSentEvent } from './route-docs.ts';

export const eventDocs: RouteDocs = {
  tag: 'Operations',
  description:
    'The answer does not end. Events are JSON under `data`, named under `event`; a client that comes back sends the last `id`.',
  query: {
    table: {
      description: 'Only events of this table and of the service.',
      schema: { type: 'string', examples: ['web.clicks'] },
    },
    after: {
      description: 'Id of the last event that was read; `Last-Event-ID` says the same.',
      schema: { type: 'string' },
    },
  },
  headers: { 'Last-Event-ID': { description: 'Id of the last event that was read.', schema: { type: 'string' } } },
  answers: {
    200: {
      description: 'Server-sent events',
      content: {
        'text/event-stream': {
          schema: serverSentEvent,
          example:
            'event: checkpoint.committed\nid: 1-7\ndata: {"type":"checkpoint.committed","table":"web.clicks"}\n\n',
        },
      },
    },
  },
  problems: ['overloaded', 'not-accepting'],
  examples: [{ target: '/api/v1/events?table=web.clicks', needs: 'a client that reads on' }],
};

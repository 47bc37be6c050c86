/** Tells the metrics of every request, whichever way it ends: answered, refused by the framework, or left by its client. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../contracts/metrics.ts';
import type { Clock } from '../core/runtime.ts';

/** What nginx calls it when the client closes before the answer is complete. */
const CLIENT_LEFT = 499;

/** `subscriptions`: routes whose answers end when the reader leaves; how long they last says nothing. */
export function observeRequests(
  app: FastifyInstance,
  metrics: Metrics,
  clock: Clock,
  subscriptions: ReadonlySet<string>,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const started = clock.monotonic();
    const { raw } = reply;
    metrics.inFlight(1);
    // `close` comes last however the response ended; `finish` would miss clients that left.
    raw.once('close', () => {
      metrics.inFlight(-1);
      const route = request.routeOptions.url;
      if (route !== undefined && subscriptions.has(route)) return;
      const status = raw.writableFinished ? raw.statusCode : CLIENT_LEFT;
      metrics.request({ method: request.method, route, status, seconds: (clock.monotonic() - started) / 1000 });
    });
    done();
  });
}

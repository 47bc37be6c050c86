/** The addresses the API answers on: one, or two when operators have their own. Owns binding, certificates in use, and closing. */
import type { Server, TlsOptions } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { applyConnectionLimits, buildApi } from '../api/app.ts';
import type { ApiContext, ApiSettings } from '../api/context.ts';
import type { ServerSettings } from '../config/settings.ts';
import type { ListenAddress } from '../config/units.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Access } from './access.ts';

const TICKET_KEY_BYTES = 48;

export class Listeners {
  readonly #settings: ServerSettings;
  readonly #main: FastifyInstance;
  readonly #admin: FastifyInstance | undefined;

  constructor(context: ApiContext, settings: ServerSettings, access: Access) {
    this.#settings = settings;
    const secured = access.tls === undefined ? {} : { tls: access.tls };
    this.#main = buildApi(context, { surface: settings.admin === undefined ? 'all' : 'main', ...secured });
    this.#admin = settings.admin === undefined ? undefined : buildApi(context, { surface: 'admin', ...secured });
    access.onNewCertificate((tls) => {
      for (const app of this.#apps) useCertificate(app.server as unknown as Server, tls, context);
    });
  }

  /** Rejects with kind `misconfigured`, naming the setting, when an address cannot be used. */
  async listen(): Promise<{ readonly url: string; readonly adminUrl?: string }> {
    const { host, port, admin } = this.#settings;
    const url = await listenOn(this.#main, { host, port }, 'server.listen');
    if (this.#admin === undefined || admin === undefined) return { url };
    return { url, adminUrl: await listenOn(this.#admin, admin, 'server.admin') };
  }

  /** For connections to come and those there are. */
  applyLimits(settings: ApiSettings): void {
    for (const app of this.#apps) applyConnectionLimits(app.server, settings);
  }

  /** Refuses connections and resolves when those there are have ended. */
  async close(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.close()));
  }

  /** Ends the connections that are still there. */
  cut(): void {
    for (const app of this.#apps) app.server.closeAllConnections();
  }

  get #apps(): readonly FastifyInstance[] {
    return this.#admin === undefined ? [this.#main] : [this.#main, this.#admin];
  }
}

async function listenOn(app: FastifyInstance, address: ListenAddress, setting: string): Promise<string> {
  try {
    // A copy: Fastify writes into what it is given.
    return await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    throw new SluiceError(
      'misconfigured',
      `the address ${address.host}:${address.port} cannot be used: ${messageOf(error)}`,
      { remedy: `choose another ${setting}, or stop what uses this one`, cause: error },
    );
  }
}

/** For connections to come; those there are go on. Sessions of before cannot be resumed: they were verified under the old authorities. */
function useCertificate(server: Server, tls: TlsOptions, { runtime }: ApiContext): void {
  server.setSecureContext(tls);
  server.setTicketKeys(Buffer.from(runtime.random.bytes(TICKET_KEY_BYTES)));
}

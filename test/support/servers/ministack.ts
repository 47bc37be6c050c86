/** Starts ministack: S3 and Glue in one process, with real compare-and-swaps. It checks no signatures. Does not create buckets. */
import { provisioned, startServer, type S3Server } from './process.ts';

/** Resolves when the server is ready, on a free loopback port with nothing in it. S3 and Glue share the endpoint. */
export async function startMinistack(): Promise<S3Server> {
  const { port, stop } = await startServer({
    program: provisioned('SLUICE_MINISTACK_BIN'),
    command: (port, folder) => ({
      args: [],
      env: {
        // It binds every address unless told.
        BIND_HOST: '127.0.0.1',
        MINISTACK_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        S3_PERSIST: '1',
        S3_DATA_DIR: folder,
      },
    }),
    healthPath: '/_ministack/health',
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    accessKeyId: 'test',
    secretAccessKey: 'test',
    region: 'us-east-1',
    stop,
  };
}

/** Starts MinIO, the judge of conditional writes under races. Does not create buckets. */
import { provisioned, startServer, type S3Server } from './process.ts';

/** Resolves when the server is ready, on a free loopback port with an empty folder. */
export async function startMinio(): Promise<S3Server> {
  const accessKeyId = 'sluice-test';
  const secretAccessKey = 'sluice-test-secret';
  const { port, stop } = await startServer({
    program: provisioned('SLUICE_MINIO_BIN'),
    command: (port, folder) => ({
      args: ['server', folder, '--address', `127.0.0.1:${port}`],
      env: { MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey, MINIO_BROWSER: 'off' },
    }),
    healthPath: '/minio/health/ready',
  });
  return { endpoint: `http://127.0.0.1:${port}`, accessKeyId, secretAccessKey, region: 'us-east-1', stop };
}

/**
 * The S3 test server as a process of its own, for daemons under test. Prints one line of JSON with endpoint, bucket, region and keys when it
 * is ready; ends on SIGTERM or SIGINT.
 *
 *     node test/support/s3-server/main.ts [--port 9000] [--bucket warehouse]
 */
import { parseArgs } from 'node:util';
import { startS3Server } from './server.ts';

const { values } = parseArgs({ options: { port: { type: 'string' }, bucket: { type: 'string' } } });
const server = await startS3Server({
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
  ...(values.bucket === undefined ? {} : { bucket: values.bucket }),
});
const { endpoint, bucket, region, accessKeyId, secretAccessKey } = server;
process.stdout.write(`${JSON.stringify({ endpoint, bucket, region, accessKeyId, secretAccessKey })}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.stop());

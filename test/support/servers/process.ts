/**
 * Starts one server program for a test and stops it again.
 *
 * Owns: the free port, the temporary folder, the wait for readiness, the end of the process.
 * Does not know what the server speaks: minio.ts and ministack.ts do.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a started S3 server is, and how to end it. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Resolves after the process is gone and its folder is deleted. May be called again. */
  readonly stop: () => Promise<void>;
}

/** The value of an environment variable that `.ci/run` sets. Throws by name if it is absent: a missing server is a failure, never a skip. */
export function provisioned(variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value === '') {
    throw new Error(`${variable} is not set. Run the tests through .ci/run, or set it to what .ci/provision prints.`);
  }
  return value;
}

interface ServerPlan {
  readonly program: string;
  /** Arguments and environment for a port and a folder of its own. */
  readonly command: (port: number, folder: string) => { readonly args: string[]; readonly env: Record<string, string> };
  readonly healthPath: string;
}

interface RunningServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 5_000;
const START_ATTEMPTS = 3;

/** Resolves when the server answers its health check. A port taken by another process between choice and use is answered by another try. */
export async function startServer(plan: ServerPlan): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(plan);
    } catch (error) {
      if (attempt === START_ATTEMPTS) {
        throw error;
      }
    }
  }
}

async function startOnce(plan: ServerPlan): Promise<RunningServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-server-'));
  const { args, env } = plan.command(port, folder);
  const child = spawn(plan.program, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  const remember = (chunk: Buffer): void => {
    tail = (tail + chunk.toString('utf8')).slice(-4_000);
  };
  child.stdout.on('data', remember);
  child.stderr.on('data', remember);
  child.on('error', (error) => remember(Buffer.from(String(error))));
  // A test run that ends without stop() must not leave the server behind.
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', killAtExit);
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(`http://127.0.0.1:${port}${plan.healthPath}`, child);
  } catch (error) {
    await stop();
    throw new Error(`${plan.program} did not become ready: ${String(error)}\n${tail}`, { cause: error });
  }
  return { port, stop };
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  let last: unknown = 'no answer';
  while (performance.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new Error('the process ended');
    }
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      await answer.arrayBuffer();
      if (answer.ok) {
        return;
      }
      last = `status ${answer.status}`;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  }
  throw new Error(`no good answer within ${READY_WITHIN_MS} ms`, { cause: last });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('a listening socket has no port');
  }
  return address.port;
}

/**
 * An S3 server for tests: in memory, on loopback, path style. Conditions are decided in one step after the whole body is there.
 * It stands in for real servers and is held to the same contract suite as they are. Keeps nothing over a stop.
 */
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bucket } from './bucket.ts';
import { S3Fault } from './errors.ts';
import { type Fault, Faults } from './faults.ts';
import { type S3Answer, type S3Request, conditionsOf, operationOf, perform } from './operations.ts';
import { decodeBody } from './request-body.ts';
import { checkSignature } from './signature.ts';
import { xml } from './xml.ts';

export interface S3ServerOptions {
  readonly bucket?: string;
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** Smallest size of a part that is not the last; S3's 5 MiB unless told. */
  readonly minPartBytes?: number;
  /** Faulty makes to be found out: conditions not looked at, looked at before the body has come, or some milliseconds before the effect. */
  readonly conditions?: 'atomic' | 'ignored' | 'before-body' | 'check-then-act';
}

export interface RunningS3Server {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly faults: Faults;
  /** Multipart uploads that were neither completed nor aborted. */
  openUploads(): number;
  stop(): Promise<void>;
}

export async function startS3Server(options: S3ServerOptions = {}): Promise<RunningS3Server> {
  const {
    bucket: bucketName = 'sluice-test',
    region = 'us-east-1',
    accessKeyId = 'sluice-test',
    secretAccessKey = 'sluice-test-secret',
    minPartBytes = 5 * 1024 * 1024,
    conditions = 'atomic',
  } = options;
  const buckets = new Map([[bucketName, new Bucket(minPartBytes)]]);
  const faults = new Faults();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [name = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const operation = operationOf(request.method ?? '', key, url.searchParams);
    if (operation === undefined) throw new S3Fault(501, 'NotImplemented', `${request.method} ${request.url}`);
    checkSignature(request, url, { accessKeyId, secretAccessKey, region });
    const early = conditions === 'before-body' ? refusalOf(buckets.get(name), key, request) : undefined;
    const body = decodeBody(await wholeBody(request), request.headers);
    const late = conditions === 'check-then-act' ? refusalOf(buckets.get(name), key, request) : undefined;
    if (conditions === 'check-then-act') await sleep(5);
    if (early !== undefined) throw early;
    if (late !== undefined) throw late;
    const fault = faults.meet(operation);
    if (operation === 'CreateBucket' && !buckets.has(name)) buckets.set(name, new Bucket(minPartBytes));
    const call: S3Request = {
      operation,
      bucketName: name,
      key,
      query: url.searchParams,
      headers: request.headers,
      body,
    };
    const effect = (): S3Answer => {
      const bucket = buckets.get(name);
      if (bucket === undefined) throw new S3Fault(404, 'NoSuchBucket', 'The specified bucket does not exist');
      return perform(bucket, call, conditions !== 'atomic');
    };
    await carryOut(fault, effect, faults, response);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof S3Fault) send(response, errorAnswer(error));
      else if (!response.destroyed) send(response, errorAnswer(new S3Fault(500, 'InternalError', String(error))));
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening socket has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    bucket: bucketName,
    region,
    accessKeyId,
    secretAccessKey,
    faults,
    openUploads: () => [...buckets.values()].reduce((sum, bucket) => sum + bucket.openUploads, 0),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function refusalOf(bucket: Bucket | undefined, key: string, request: IncomingMessage): S3Fault | undefined {
  try {
    bucket?.check(key, conditionsOf(request.headers));
    return undefined;
  } catch (error) {
    if (error instanceof S3Fault) return error;
    throw error;
  }
}

async function carryOut(
  fault: Fault | undefined,
  effect: () => S3Answer,
  faults: Faults,
  response: ServerResponse,
): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      send(response, effect());
      return;
    case 'delay':
      await sleep(fault.ms);
      send(response, effect());
      return;
    case 'lose-request':
      response.destroy();
      return;
    case 'late':
      faults.postpone(() => swallow(effect));
      response.destroy();
      return;
    case 'lose-answer':
      swallow(effect);
      response.destroy();
      return;
    case 'refuse':
      throw new S3Fault(fault.status, fault.code);
    case 'refuse-after-effect':
      swallow(effect);
      throw new S3Fault(fault.status, fault.code);
    case 'stall-answer':
    case 'cut-answer': {
      const { status, headers, body = '' } = effect();
      const bytes = Buffer.from(body);
      response.writeHead(status, { ...headers, 'content-length': bytes.length });
      response.write(bytes.subarray(0, fault.bytes), () => {
        if (fault.kind === 'cut-answer') response.destroy();
      });
    }
  }
}

/** An effect whose answer nobody hears: a refusal is no effect. */
function swallow(effect: () => S3Answer): void {
  try {
    effect();
  } catch (error) {
    if (!(error instanceof S3Fault)) throw error;
  }
}

async function wholeBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: S3Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'x-amz-request-id': 'sluice-test', 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

const errorAnswer = ({ status, code, message }: S3Fault): S3Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: xml('Error', [
    ['Code', code],
    ['Message', message],
  ]),
});

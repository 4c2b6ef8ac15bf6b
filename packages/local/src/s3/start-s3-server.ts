import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSTANCE_HEADER, lockDataDir } from './data-dir-lock.ts';
import { FaultScript } from './fault-script.ts';
import { type ServeOptions, serveRequest } from './http/serve-request.ts';
import { OperationLog } from './operation-log.ts';
import { Storage } from './storage/storage.ts';

/** Above the idle time of the clients' connection pools, else a pooled socket is closed under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** An upload may be as slow as the speech it carries. */
const REQUEST_TIMEOUT_MS = 60 * 60 * 1000;
/** How long `close` lets running requests end by themselves. */
const CLOSE_GRACE_MS = 2000;

export interface S3ServerOptions {
  /** Buckets, objects and unfinished uploads live here and survive restarts. Created when missing. */
  dataDir: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** Default `127.0.0.1`. */
  host?: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  /** Created when missing. */
  buckets?: readonly string[];
  /** Receives a line per failure of the server itself. */
  log?: (message: string) => void;
  /** The script of faults, when a test wants to write it before the start. */
  faults?: FaultScript;
  /** The clock, for signatures and dates. */
  nowMs?: () => number;
}

export interface S3Server {
  /** `http://host:port`, the endpoint for a client with `forcePathStyle`. */
  url: string;
  port: number;
  faults: FaultScript;
  operations: OperationLog;
  /** Stops listening, lets running requests end for a moment, then cuts them. May be called twice. */
  close: () => Promise<void>;
}

/**
 * Starts a file-backed S3 server that the AWS SDK takes for S3: path-style addresses, SigV4, one pair of credentials.
 * @throws DataDirInUseError when another server serves `dataDir`, and the errors of `listen`
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { dataDir, region, host = '127.0.0.1', log = () => {}, nowMs = Date.now } = options;
  await mkdir(dataDir, { recursive: true });
  const instanceId = randomUUID();
  const faults = options.faults ?? new FaultScript();
  const operations = new OperationLog();
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  let serving: ServeOptions | null = null;

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS });
  const serve = (message: IncomingMessage, response: ServerResponse, isBodyComing: boolean): void => {
    // A socket that breaks under an answer is seen where the answer is written; as an unheard event it would end the process.
    response.on('error', () => {});
    response.setHeader('server', 'nightshift-s3');
    response.setHeader(INSTANCE_HEADER, instanceId);
    if (serving === null) {
      response.writeHead(503, { connection: 'close' }).end();
      return;
    }
    const request = serveRequest(serving, { message, response, isBodyComing });
    running.add(request);
    void request.finally(() => running.delete(request));
  };
  server.on('request', (message, response) => serve(message, response, true));
  server.on('checkContinue', (message, response) => serve(message, response, false));

  const port = await listen(server, options.port ?? 0, host);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let unlock = async (): Promise<void> => {};
  const close = async (): Promise<void> => {
    closing.abort();
    await closeServer(server, running);
    await unlock();
  };
  try {
    // The lock names the address, so the server listens first and opens the folder only as its holder.
    unlock = await lockDataDir({ dataDir, url, instanceId });
    const storage = await Storage.open({ dataDir, nowMs, log });
    for (const name of options.buckets ?? []) {
      if (!storage.has(name)) await storage.create(name);
    }
    const { accessKeyId, secretAccessKey } = options;
    const credentials = { accessKeyId, secretAccessKey, region };
    serving = { context: { storage, region, nowMs }, credentials, faults, operations, log, closing: closing.signal };
  } catch (error) {
    await close();
    throw error;
  }
  let closed: Promise<void> | null = null;
  return {
    url,
    port,
    faults,
    operations,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}

async function closeServer(server: Server, running: ReadonlySet<Promise<void>>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const grace = new AbortController();
  await Promise.race([
    Promise.all(running),
    sleep(CLOSE_GRACE_MS, undefined, { signal: grace.signal }).catch(() => undefined),
  ]);
  grace.abort();
  server.closeAllConnections();
  await Promise.all(running);
  await closed;
}

import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { callWithFailpoints } from '@nightshift/resilience';
import type { Logger } from '@nightshift/telemetry';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** The SDK waits forever for a connection, for headers and for bytes unless told otherwise. */
export interface S3Timeouts {
  connectMs: number;
  /** From the start of a request, its body included, to the headers of the reply. */
  replyMs: number;
  /** Without a byte in either direction. */
  idleMs: number;
}

export const DEFAULT_S3_TIMEOUTS: S3Timeouts = Object.freeze({ connectMs: 3_000, replyMs: 60_000, idleMs: 60_000 });

/** Sockets to S3 of one process. */
const MAX_SOCKETS = 128;

export interface S3Options {
  /** Absent: AWS itself. */
  endpoint?: string | undefined;
  region: string;
  bucket: string;
  /** Absent: the SDK's own chain (environment, profile, instance role). */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
  /** True for servers that do not answer on a host name per bucket. */
  forcePathStyle?: boolean | undefined;
  /** `when_required` for S3 clones that refuse `x-amz-checksum-*` headers; they then only have TLS against damage. */
  requestChecksums?: 'when_supported' | 'when_required' | undefined;
  timeouts?: Partial<S3Timeouts> | undefined;
  log: Logger;
}

/** What every call to S3 needs. */
export interface S3Connection {
  readonly client: S3Client;
  /** Only signs URLs; it sends nothing. */
  readonly presigner: S3Client;
  readonly bucket: string;
  readonly region: string;
  readonly log: Logger;
}

/** Opens no socket yet. The SDK's own retries are off: `sendToS3` decides. */
export function openS3Connection(options: S3Options): S3Connection {
  const timeouts = { ...DEFAULT_S3_TIMEOUTS, ...options.timeouts };
  const config: S3ClientConfig = {
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    forcePathStyle: options.forcePathStyle ?? options.endpoint !== undefined,
    maxAttempts: 1,
    requestChecksumCalculation: options.requestChecksums === 'when_required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    // Whole objects are checked against their own sha256 (read-object.ts); ranges have no checksum to check.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: timeouts.connectMs,
      requestTimeout: timeouts.replyMs,
      throwOnRequestTimeout: true,
      socketTimeout: timeouts.idleMs,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    }),
  };
  return {
    client: addFailpoints(new S3Client(config)),
    // A presigned URL would otherwise carry the checksum of an empty body (SECURITY.md S62).
    presigner: new S3Client({ ...config, requestChecksumCalculation: 'WHEN_REQUIRED' }),
    bucket: options.bucket,
    region: options.region,
    log: options.log,
  };
}

/** Around every command, inside of the client: what handles a lost reply of one command meets it as in life. */
function addFailpoints(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next, context) => (args) =>
      callWithFailpoints(`artifacts.${toName(context.commandName)}`, () => next(args), createConnectionLoss),
    { step: 'finalizeRequest', name: 'failpoints', priority: 'low' },
  );
  return client;
}

function toName(commandName: string | undefined): string {
  return (commandName ?? 'unknown').replace(/Command$/, '');
}

/** What Node's HTTP client throws when a connection breaks. */
function createConnectionLoss(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

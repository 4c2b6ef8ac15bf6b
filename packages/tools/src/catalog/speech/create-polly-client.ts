import { PollyClient } from '@aws-sdk/client-polly';
import { callWithFailpoints } from '@nightshift/resilience';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** The SDK has no timeouts of its own. */
const CONNECT_TIMEOUT_MS = 3_000;
/** To the first byte; audio then streams for as long as it takes. */
const REPLY_TIMEOUT_MS = 20_000;
const IDLE_TIMEOUT_MS = 20_000;

export interface PollyOptions {
  /** Absent: AWS itself. */
  endpoint?: string | undefined;
  region: string;
  /** Absent: the SDK's own chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
}

/**
 * A client over HTTP/1.1 without retries. The SDK's default handler for Polly speaks HTTP/2, where a stream that is cut
 * ends without an error; and the executor decides about retries, because each one is billed.
 */
export function createPollyClient(options: PollyOptions): PollyClient {
  const client = new PollyClient({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REPLY_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      socketTimeout: IDLE_TIMEOUT_MS,
    }),
  });
  client.middlewareStack.add(
    (next, context) => (args) =>
      callWithFailpoints(
        `speech.${(context.commandName ?? 'unknown').replace(/Command$/, '')}`,
        () => next(args),
        () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
      ),
    { step: 'finalizeRequest', name: 'failpoints', priority: 'low' },
  );
  return client;
}

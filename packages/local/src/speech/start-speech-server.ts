import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FliteEngine } from './flite-engine.ts';
import { handleSpeechRequest } from './handle-speech-request.ts';
import { type SpeechFault, SpeechFaults } from './speech-faults.ts';
import type { SpeechRequestRecord } from './speech-request-record.ts';

/** Where the server listens (127.0.0.1 and a free port unless said), where it reports what went wrong, and faults scripted from the start. */
export interface SpeechServerOptions {
  readonly port?: number;
  readonly host?: string;
  readonly log?: (message: string) => void;
  readonly faults?: readonly SpeechFault[];
}

/** A running speech server. `requests` and `faults` are live: tests read the one and script the other at any time. */
export interface SpeechServer {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly SpeechRequestRecord[];
  readonly faults: SpeechFaults;
  /** Tears open connections, stops the engine; resolves when both are gone. */
  close(): Promise<void>;
}

/**
 * Starts a server that speaks Amazon Polly's REST protocol (`POST /v1/speech`, `GET /v1/voices`) over HTTP/1.1 and really speaks, with flite,
 * in English. Requests are not authenticated. Clients need NodeHttpHandler, as the SDK's default handler speaks HTTP/2.
 * Rejects when the port is taken.
 */
export async function startSpeechServer({
  port = 0,
  host = '127.0.0.1',
  log = () => undefined,
  faults: script = [],
}: SpeechServerOptions = {}): Promise<SpeechServer> {
  const engine = await FliteEngine.load();
  const faults = new SpeechFaults(script);
  const requests: SpeechRequestRecord[] = [];
  const server = createServer((request, response) => {
    void handleSpeechRequest({ engine, faults, requests, log }, request, response);
  });
  server.on('clientError', (error: Error & { rawPacket?: Buffer }, socket) => {
    if (error.rawPacket?.toString('latin1').startsWith('PRI * HTTP/2')) {
      log("a client spoke HTTP/2, the AWS SDK's default for Polly: give it requestHandler: new NodeHttpHandler()");
    }
    socket.destroy();
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    requests,
    faults,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await engine.close();
      await closed;
    },
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ThinkingLedger } from '../protocol/sign-thinking.ts';
import type { Script } from '../script/script.ts';
import type { RecordedRequest, RequestLog } from './request-log.ts';

/** What every handler of one server shares. */
export interface ModelServerContext {
  contextWindowTokens: number;
  /** Wait between two chunks of a stream, milliseconds; undefined: what `chooseDelay` says. */
  streamDelayMs: number | undefined;
  admin: boolean;
  script: Script;
  ledger: ThinkingLedger;
  requestLog: RequestLog;
  log: (message: string) => void;
}

/** One request and its answer on the way through the server. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  body: Buffer;
  record: RecordedRequest;
  /** Number among the `POST /v1/messages` requests; 0 for all others. */
  messageNumber: number;
  /** Aborts when the client leaves or the server closes. */
  signal: AbortSignal;
}

/** Sends a JSON body and notes it in the record. */
export function sendJson(
  { response, record }: Exchange,
  status: number,
  body: unknown,
  { headers = {}, scripted = false, stopReason = null }: SendOptions = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body), 'utf8');
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'request-id': record.requestId,
    ...headers,
  });
  record.answer = { status, scripted, stopReason, end: 'whole', bytes: bytes.length };
  response.end(bytes);
}

export interface SendOptions {
  headers?: Record<string, string>;
  scripted?: boolean;
  stopReason?: string | null;
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ModelApiError, toErrorBody } from '../protocol/api-error.ts';
import { createThinkingLedger } from '../protocol/sign-thinking.ts';
import { createScript, type ScriptEntry, type ScriptFunction, type ScriptHandle } from '../script/script.ts';
import { type Exchange, type ModelServerContext, sendJson } from './exchange.ts';
import { handleAdmin } from './handle-admin.ts';
import { handleCountTokens, handleMessages } from './handle-messages.ts';
import { handleModels } from './handle-models.ts';
import { readBody } from './read-body.ts';
import { createRequestLog, type RecordedRequest } from './request-log.ts';

const DEFAULT_CONTEXT_WINDOW_TOKENS = 32_000;
/** Longer than clients keep idle connections, so that they and not the server let go first. */
const KEEP_ALIVE_MS = 65_000;

export interface ModelServerOptions {
  /** 0 takes a free port. */
  port?: number;
  host?: string;
  log?: (message: string) => void;
  /** Input tokens accepted; more is answered with `prompt is too long`. */
  contextWindowTokens?: number;
  /** What to answer instead of the extractive answer. */
  script?: readonly ScriptEntry[] | ScriptFunction;
  /** Wait between two chunks of a stream, milliseconds; 0 for none. Default: one that is short for long answers. */
  streamDelayMs?: number;
  /** Opens `/__script` and `/__requests` to other processes. */
  admin?: boolean;
}

export interface ModelServer {
  url: string;
  port: number;
  /** Cuts what is still open. Closing twice is the same as once. */
  close(): Promise<void>;
  /** Every request received so far, oldest first, with its verdict and answer. */
  requests: readonly RecordedRequest[];
  script: ScriptHandle;
}

function requireHeaders(request: IncomingMessage): void {
  const { authorization, 'x-api-key': apiKey, 'anthropic-version': version } = request.headers;
  if (apiKey === undefined && authorization?.startsWith('Bearer ') !== true)
    throw new ModelApiError('authentication_error', 'x-api-key header is required');
  if (version === undefined) throw new ModelApiError('invalid_request_error', 'anthropic-version: header is required');
}

async function route(context: ModelServerContext, exchange: Exchange): Promise<void> {
  const { method } = exchange.request;
  const { pathname } = exchange.url;
  if (pathname.startsWith('/__') && context.admin) return handleAdmin(context, exchange);
  requireHeaders(exchange.request);
  if (method === 'POST' && pathname === '/v1/messages') return handleMessages(context, exchange);
  if (method === 'POST' && pathname === '/v1/messages/count_tokens') return handleCountTokens(context, exchange);
  if (method === 'GET' && /^\/v1\/models(\/|$)/.test(pathname)) return handleModels(context, exchange);
  throw new ModelApiError('not_found_error', 'Not found');
}

/** Turns whatever a handler threw into an error body, and into the verdict of a Messages request. */
function answerError(context: ModelServerContext, exchange: Exchange, error: unknown): void {
  const { response, record, signal } = exchange;
  if (signal.aborted) return;
  const known = error instanceof ModelApiError ? error : new ModelApiError('api_error', 'Internal server error');
  if (known !== error) context.log(`model server: ${error instanceof Error ? error.stack : String(error)}`);
  const { status, type, message } = known;
  if (record.verdict.kind === 'not_judged' && record.path.startsWith('/v1/messages'))
    record.verdict = { kind: 'malformed', status, errorType: type, message };
  if (response.headersSent) response.destroy();
  else sendJson(exchange, status, toErrorBody(type, message, record.requestId));
}

function openExchange(request: IncomingMessage, response: ServerResponse, number: number): Exchange {
  const url = new URL(request.url ?? '/', 'http://model-server');
  const left = new AbortController();
  response.once('close', () => left.abort());
  const record: RecordedRequest = {
    number,
    requestId: `req_local_${String(number).padStart(6, '0')}`,
    receivedAt: new Date().toISOString(),
    method: request.method ?? 'GET',
    path: url.pathname,
    headers: request.headers,
    body: null,
    turn: null,
    verdict: { kind: 'not_judged' },
    answer: null,
  };
  return { request, response, url, body: Buffer.alloc(0), record, messageNumber: 0, signal: left.signal };
}

function createListener(context: ModelServerContext): (request: IncomingMessage, response: ServerResponse) => void {
  let received = 0;
  let messagesReceived = 0;
  const handle = async (exchange: Exchange) => {
    try {
      if (!exchange.record.path.startsWith('/__')) context.requestLog.add(exchange.record);
      exchange.body = await readBody(exchange.request);
      context.requestLog.noteBodyBytes(exchange.record, exchange.body.length);
      await route(context, exchange);
    } catch (error) {
      answerError(context, exchange, error);
    }
  };
  return (request, response) => {
    received += 1;
    const exchange = openExchange(request, response, received);
    if (exchange.record.path === '/v1/messages') {
      messagesReceived += 1;
      exchange.messageNumber = messagesReceived;
    }
    void handle(exchange);
  };
}

/**
 * Starts a local server that speaks the Anthropic Messages protocol and answers as `local-extractive-1`, an extractive
 * stand-in for a language model, or as scripted. Rejects when the port cannot be taken.
 */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const { port = 0, host = '127.0.0.1', log = () => {}, admin = false } = options;
  const context: ModelServerContext = {
    contextWindowTokens: options.contextWindowTokens ?? DEFAULT_CONTEXT_WINDOW_TOKENS,
    streamDelayMs: options.streamDelayMs,
    admin,
    script: createScript(options.script),
    ledger: createThinkingLedger(),
    requestLog: createRequestLog(),
    log,
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, createListener(context));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  log(`model server listening on ${url}`);
  let closing: Promise<void> | undefined;
  return {
    url,
    port: address.port,
    requests: context.requestLog.requests,
    script: context.script,
    close: () => {
      closing ??= new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

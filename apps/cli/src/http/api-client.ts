import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, ApiUnreachableError } from './api-error.ts';
import { isRecord } from './is-record.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;
const REQUEST_TIMEOUT_MS = 30_000;
const ACCEPT = { json: 'application/json', lines: 'application/x-ndjson' } as const;

export interface ApiClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Told when requests begin to fail and are tried again, and when one succeeds after that. */
  readonly onConnection?: ((connected: boolean) => void) | undefined;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** With the leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Called for every try: a stream can be read only once. */
  readonly body?: (() => ReadableStream<Uint8Array> | string) | undefined;
  /** How long failed tries are repeated; undefined: until the signal aborts. */
  readonly patienceMs?: number | undefined;
  /** Of one try. */
  readonly timeoutMs?: number | undefined;
  /** `lines`: the answer is JSON Lines and is parsed into an array. Default: one JSON value. */
  readonly answer?: 'json' | 'lines' | undefined;
}

export interface ApiClient {
  readonly baseUrl: string;
  /**
   * The parsed body of a 2xx answer. What may pass is tried again: no connection, 408, 429 and 5xx, with the pause
   * of `Retry-After` or growing ones.
   * @throws ApiError for any other answer, ApiUnreachableError when patience ends, the reason of the signal
   */
  request(request: ApiRequest, signal: AbortSignal): Promise<unknown>;
}

/** A client for one API and one key. Connections are kept open by fetch itself. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  let connected = true;
  const setConnected = (value: boolean) => {
    if (connected !== value) options.onConnection?.(value);
    connected = value;
  };
  return {
    baseUrl: options.baseUrl,
    async request(request, signal) {
      const deadlineMs = performance.now() + (request.patienceMs ?? Number.POSITIVE_INFINITY);
      for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, MAX_RETRY_MS)) {
        const answer = await tryOnce(options, request, signal);
        if (answer.kind !== 'again') setConnected(true);
        if (answer.kind === 'ok') return answer.body;
        if (answer.kind === 'refused') throw answer.error;
        setConnected(false);
        const pauseMs = Math.max(delayMs, answer.retryAfterMs);
        if (performance.now() + pauseMs > deadlineMs) {
          throw new ApiUnreachableError(`${describe(request)}: ${answer.error.message}`, { cause: answer.error });
        }
        await sleep(pauseMs, undefined, { signal });
      }
    },
  };
}

type Answer =
  | { kind: 'ok'; body: unknown }
  | { kind: 'refused'; error: ApiError }
  | { kind: 'again'; error: Error; retryAfterMs: number };

async function tryOnce(options: ApiClientOptions, request: ApiRequest, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  try {
    const body = request.body?.();
    const reply = await fetch(`${options.baseUrl}${request.path}`, {
      method: request.method,
      headers: {
        accept: ACCEPT[request.answer ?? 'json'],
        authorization: `Bearer ${options.apiKey}`,
        ...request.headers,
      },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs ?? REQUEST_TIMEOUT_MS)]),
    });
    const text = await reply.text();
    if (reply.ok) return { kind: 'ok', body: request.answer === 'lines' ? parseLines(text) : JSON.parse(text) };
    const error = toApiError(describe(request), reply.status, text);
    if (!isPassing(reply.status)) return { kind: 'refused', error };
    return { kind: 'again', error, retryAfterMs: readRetryAfter(reply.headers.get('retry-after')) };
  } catch (error) {
    signal.throwIfAborted();
    // fetch says only "fetch failed"; what happened is its cause.
    const { cause } = error as Error;
    const reason = cause instanceof Error && cause.message !== '' ? cause : (error as Error);
    return { kind: 'again', error: reason, retryAfterMs: 0 };
  }
}

function parseLines(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

function describe(request: ApiRequest): string {
  return `${request.method} ${request.path}`;
}

function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function toApiError(request: string, status: number, text: string): ApiError {
  const problem = parseProblem(text);
  const code = typeof problem.code === 'string' ? problem.code : `http_${status}`;
  const detail = [problem.detail, problem.title].find((part) => typeof part === 'string' && part !== '');
  return new ApiError(request, status, code, typeof detail === 'string' ? detail : 'without an explanation');
}

function parseProblem(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return isRecord(body) ? body : {};
  } catch {
    return {};
  }
}

/** Seconds, as our API sends them; a date or nothing is 0. */
function readRetryAfter(value: string | null): number {
  const seconds = Number(value ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds * 1000), 60_000) : 0;
}

/** An answer of the API, parsed. */
export interface Answer<T> {
  status: number;
  body: T;
  headers: Headers;
  /** How long the answer took, milliseconds. */
  tookMs: number;
}

export interface PatientClientOptions {
  apiUrls: readonly string[];
  key: string;
  random: () => number;
}

/** Statuses that ask for another try (RFC 9110): everything else is an answer. */
const AGAIN = new Set([409, 429, 502, 503, 504]);
const RETRY_MS = 200;
const MAX_RETRY_MS = 3_000;
const REQUEST_TIMEOUT_MS = 20_000;

/** A client as API.md asks for: what has no answer is sent again, to any process, with the same idempotency key. */
export class PatientClient {
  /** Answers with status 500, which must never happen. */
  readonly serverErrors: string[] = [];
  readonly #options: PatientClientOptions;

  constructor(options: PatientClientOptions) {
    this.#options = options;
  }

  /** One try; undefined when there was no answer. */
  async ask<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const { apiUrls, key, random } = this.#options;
    const api = apiUrls[Math.floor(random() * apiUrls.length)];
    const startedAt = performance.now();
    try {
      const response = await fetch(`${api}${path}`, {
        method,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.status === 500) this.serverErrors.push(`${method} ${path}: ${text}`);
      const tookMs = performance.now() - startedAt;
      return { status: response.status, body: parse(text) as T, headers: response.headers, tookMs } as Answer<T>;
    } catch {
      return undefined;
    }
  }

  /** The bytes of an artifact; undefined when the API says there are none. */
  async fetchArtifact(artifactId: string): Promise<Uint8Array | undefined> {
    const { apiUrls, key } = this.#options;
    for (let tries = 0; tries < 20; tries++) {
      const url = `${apiUrls[tries % apiUrls.length]}/v1/artifacts/${artifactId}/content`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } }).catch(() => undefined);
      if (response?.status === 200) return new Uint8Array(await response.arrayBuffer());
      await response?.body?.cancel();
      if (response?.status === 404) return undefined;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return undefined;
  }

  /** Tries until there is an answer that counts. @throws Error when the signal aborts first */
  async request<T>(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string>; signal: AbortSignal },
  ): Promise<Answer<T>> {
    let last = 'none';
    for (let tries = 0; !options.signal.aborted; tries++) {
      const answer = await this.ask<T>(method, path, options.body, options.headers);
      if (answer && !AGAIN.has(answer.status) && answer.status !== 500) return answer;
      last = answer ? `${answer.status} ${JSON.stringify(answer.body).slice(0, 500)}` : 'no connection, or no answer';
      await new Promise((resolve) => setTimeout(resolve, Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** tries)));
    }
    throw new Error(`${method} ${path}: no answer in time; the last try: ${last}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

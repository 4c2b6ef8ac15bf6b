import { eventually } from './eventually.ts';

export interface TaskBody {
  id: string;
  status: string;
  result?: Record<string, unknown>;
  failure?: { code: string; message: string };
  last_event_id?: number | string;
  progress?: Record<string, unknown>;
  [field: string]: unknown;
}

const FINAL = new Set(['completed', 'failed', 'cancelled', 'expired']);

/** The API as curl would use it. */
export class ApiClient {
  readonly baseUrl: string;
  readonly key: string;

  constructor(baseUrl: string, key: string) {
    this.baseUrl = baseUrl;
    this.key = key;
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async json<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const response = await this.request(method, path, body, headers);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async uploadText(name: string, text: string, mediaType = 'text/markdown'): Promise<string> {
    const response = await fetch(`${this.baseUrl}/v1/files?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': mediaType },
      body: text,
    });
    if (!response.ok) throw new Error(`upload: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { id: string }).id;
  }

  /** Uploads a text and submits its analysis. */
  async submitDocument(name: string, text: string): Promise<TaskBody> {
    const fileId = await this.uploadText(name, text);
    return this.submit({ file_id: fileId, name, media_type: 'text/markdown' });
  }

  submit(input: unknown, options: Record<string, unknown> = {}): Promise<TaskBody> {
    return this.json('POST', '/v1/tasks', { agent: 'document-analyst', input, ...options });
  }

  task(id: string): Promise<TaskBody> {
    return this.json('GET', `/v1/tasks/${id}`);
  }

  /** With developer events the numbers are dense. */
  eventsUrl(id: string): string {
    return `${this.baseUrl}/v1/tasks/${id}/events?visibility=developer`;
  }

  /** Waits until the task is in one of these statuses (default: a final one). */
  waitFor(id: string, statuses: ReadonlySet<string> = FINAL, timeoutMs = 60_000): Promise<TaskBody> {
    return eventually(
      `${id} is ${[...statuses].join('|')}`,
      async () => {
        const task = await this.task(id).catch(() => undefined);
        return task !== undefined && statuses.has(task.status) && task;
      },
      timeoutMs,
    );
  }
}

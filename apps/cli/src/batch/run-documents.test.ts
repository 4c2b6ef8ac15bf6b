import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectDocuments } from '../documents/collect-documents.ts';
import { createApiClient } from '../http/api-client.ts';
import type { BatchOutcome } from '../view/reporter.ts';
import { readBatchRecord } from './batch-record.ts';
import type { BatchView } from './batch-view.ts';
import { runDocuments } from './run-documents.ts';

interface FakeBatch {
  id: string;
  body: string;
  customIds: string[];
  polls: number;
}

/** Speaks the part of API.md that is used here; every task of a batch is over after `pollsToEnd` looks at it. */
class FakeApi {
  readonly server: Server = createServer((request, reply) => void this.answer(request, reply));
  readonly uploads: { name: string; type: string | undefined; body: string }[] = [];
  readonly batches: FakeBatch[] = [];
  readonly #answered = new Map<string, FakeBatch>();
  pollsToEnd = 2;
  /** Called instead of answering the creation of a batch. */
  onCreate: ((reply: ServerResponse) => void) | undefined;
  onPoll: (() => void) | undefined;

  private async answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    let body = '';
    for await (const part of request) body += String(part);
    const [, , resource, id = '', part] = url.pathname.split('/');
    if (resource === 'files') return this.takeFile(url.searchParams.get('name') ?? '', request, body, reply);
    if (request.method === 'POST') return this.create(String(request.headers['idempotency-key']), body, reply);
    const batch = this.batches.find((one) => one.id === id);
    if (batch === undefined) return send(reply, 404, { code: 'not_found', detail: 'There is no such batch.' });
    const isOver = batch.polls >= this.pollsToEnd;
    const tasks = batch.customIds.map((customId, index) => ({
      index,
      custom_id: customId,
      task_id: `task_${customId}`,
      status: isOver ? 'completed' : 'running',
      progress: { turn: 1, phase: 'tools', tool: 'read_document' },
      artifacts: [{ id: `art_${customId}`, media_type: 'audio/mpeg', usable: true }],
      result: { title: customId },
    }));
    if (part === 'results') {
      reply.end(tasks.map((task) => `${JSON.stringify(task)}\n`).join(''));
      return;
    }
    if (part === 'items') return sendPage(reply, tasks, Number(url.searchParams.get('after') ?? -1));
    batch.polls += 1;
    this.onPoll?.();
    const counts = { total: tasks.length, [batch.polls >= this.pollsToEnd ? 'completed' : 'running']: tasks.length };
    send(reply, 200, { id, request_counts: counts });
  }

  private takeFile(name: string, request: IncomingMessage, body: string, reply: ServerResponse): void {
    if (name.endsWith('.exe')) {
      send(reply, 415, { code: 'unsupported_media_type', detail: 'Not a document.' });
      return;
    }
    this.uploads.push({ name, type: request.headers['content-type'], body });
    send(reply, 201, { id: `file_${this.uploads.length}`, media_type: 'text/sniffed' });
  }

  private create(key: string, body: string, reply: ServerResponse): void {
    const known = this.#answered.get(key);
    const requests = (JSON.parse(body) as { requests: { custom_id: string }[] }).requests;
    const customIds = requests.map(({ custom_id }) => custom_id);
    const batch = known ?? { id: `batch_${this.batches.length + 1}`, body, customIds, polls: 0 };
    if (known === undefined) this.batches.push(batch);
    this.#answered.set(key, batch);
    if (batch.body !== body) send(reply, 422, { code: 'idempotency_key_reused' });
    else if (this.onCreate !== undefined) this.onCreate(reply);
    else send(reply, 202, { id: batch.id, request_counts: { total: customIds.length } });
  }
}

function send(reply: ServerResponse, status: number, body: object): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** One item a page. */
function sendPage(reply: ServerResponse, tasks: readonly { index: number }[], after: number): void {
  const data = tasks.filter(({ index }) => index > after).slice(0, 1);
  const last = data.at(-1)?.index ?? 0;
  const hasMore = last < tasks.length - 1;
  send(reply, 200, { data, has_more: hasMore, next_after: hasMore ? last : null });
}

let dir: string;
let api: FakeApi;
let baseUrl: string;
let messages: string[];
let views: BatchView[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-run-'));
  mkdirSync(join(dir, 'papers'));
  writeFileSync(join(dir, 'papers', 'Größe 1.md'), '# One');
  writeFileSync(join(dir, 'papers', 'two.txt'), 'Two');
  api = new FakeApi();
  await new Promise<void>((resolve) => api.server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
  messages = [];
  views = [];
});

afterEach(async () => {
  api.server.closeAllConnections();
  await new Promise((resolve) => api.server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

async function run(signal = new AbortController().signal): Promise<BatchOutcome[]> {
  const outcomes: BatchOutcome[] = [];
  const documents = await collectDocuments({ paths: ['papers'], cwd: dir, warn: (text) => messages.push(text) });
  await runDocuments({
    client: createApiClient({ baseUrl, apiKey: 'nsk_test' }),
    documents,
    dataDir: dir,
    signal,
    onOutcome: (outcome) => outcomes.push(outcome),
    reporter: {
      message: (text) => messages.push(text),
      uploading: () => {},
      batch: (view) => views.push(view),
      batchEnded: () => {},
    },
  });
  return outcomes;
}

/** A start that ends while its batch is running. */
async function runAndStop(): Promise<void> {
  const stopping = new AbortController();
  api.onPoll = () => stopping.abort(new Error('stopped'));
  await expect(run(stopping.signal)).rejects.toThrow();
  api.onPoll = undefined;
}

describe('runDocuments', () => {
  it('uploads every document, submits them as one batch and answers what became of them', async () => {
    const outcomes = await run();
    expect(new Set(api.uploads.map(({ name, type, body }) => `${name} ${type} ${body}`))).toEqual(
      new Set(['Größe 1.md text/markdown # One', 'two.txt text/plain Two']),
    );
    expect(JSON.parse(api.batches[0]?.body ?? '')).toMatchObject({
      agent: 'document-analyst',
      requests: [
        { custom_id: 'Größe 1.md', input: { name: 'Größe 1.md', media_type: 'text/sniffed' } },
        { custom_id: 'two.txt', input: { name: 'two.txt' } },
      ],
    });
    expect(views[0]?.tasks).toMatchObject([
      { customId: 'Größe 1.md', status: 'running', turn: 1, tool: 'read_document' },
      { customId: 'two.txt' },
    ]);
    expect(outcomes).toMatchObject([
      { batchId: 'batch_1', results: [{ customId: 'Größe 1.md', status: 'completed' }, { audioId: 'art_two.txt' }] },
    ]);
    expect(readBatchRecord(dir)).toBeUndefined();
  });

  it('analyses the same documents anew when the last batch had ended', async () => {
    await run();
    await run();
    expect(api.batches).toHaveLength(2);
  });

  it('goes on with the unfinished batch instead of making another', async () => {
    await runAndStop();
    const [outcome, ...others] = await run();
    expect(outcome?.batchId).toBe('batch_1');
    expect(others).toEqual([]);
    expect(api.batches).toHaveLength(1);
    expect(messages).toContain('Going on with the unfinished batch batch_1');
  });

  it('finds the batch again whose creation it never heard of', async () => {
    const stopping = new AbortController();
    api.onCreate = (reply) => {
      reply.destroy();
      stopping.abort(new Error('killed'));
    };
    await expect(run(stopping.signal)).rejects.toThrow();
    api.onCreate = undefined;
    expect((await run()).map(({ batchId }) => batchId)).toEqual(['batch_1']);
    expect(api.batches).toHaveLength(1);
  });

  it('follows the unfinished batch first and then runs other documents', async () => {
    await runAndStop();
    writeFileSync(join(dir, 'papers', 'two.txt'), 'Two, changed');
    expect((await run()).map(({ batchId }) => batchId)).toEqual(['batch_1', 'batch_2']);
  });

  it('starts anew when the database has forgotten the unfinished batch', async () => {
    await runAndStop();
    api.batches.splice(0);
    expect((await run()).map(({ batchId }) => batchId)).toEqual(['batch_1']);
    expect(api.batches).toHaveLength(1);
    expect(messages.join()).toContain('There is no such batch.');
  });

  it('lists what is not accepted, and makes no batch of nothing', async () => {
    writeFileSync(join(dir, 'papers', 'virus.exe'), 'MZ');
    expect((await run())[0]).toMatchObject({ refused: [{ customId: 'virus.exe', reason: 'Not a document.' }] });
    rmSync(join(dir, 'papers', 'Größe 1.md'));
    rmSync(join(dir, 'papers', 'two.txt'));
    expect(await run()).toEqual([{ batchId: undefined, results: [], refused: [expect.anything()] }]);
    expect(api.batches).toHaveLength(1);
  });
});

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileSchema } from '../../../apps/api/src/schemas/file.ts';
import { type ArtifactId, createId, type TaskId } from '../../../packages/domain/src/index.ts';
import { playTask } from './play-task.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ NIGHTSHIFT_MAX_FILE_BYTES: '20000000' });
});

afterAll(async () => {
  await api.stop();
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function upload(body: Uint8Array | string, name: string, headers: Record<string, string> = {}) {
  return api.call('POST', `/v1/files?name=${encodeURIComponent(name)}`, { body, headers });
}

async function createArtifact(
  bytes: Uint8Array,
  options: { name?: string; mediaType?: string; status?: 'completed' | 'aborted' | 'uploading' } = {},
) {
  const submitted = await api.call('POST', '/tasks', { body: { agent: 'test', input: 1 } });
  const { id: taskId } = (await submitted.json()) as { id: TaskId };
  const played = await playTask(api.context.pool, taskId);
  const id = createId('art');
  const s3Key = `t/${api.tenantId}/${taskId}/1/${id}`;
  await api.context.objects.put(s3Key, bytes, { mediaType: options.mediaType ?? 'audio/mpeg', ifAbsent: true });
  await played.flush([{ type: 'artifact.completed', data: { artifact_id: id } }], {
    artifacts: [
      {
        id,
        run: 1,
        stepId: createId('step'),
        name: options.name ?? 'brief.mp3',
        mediaType: options.mediaType ?? 'audio/mpeg',
        status: options.status ?? 'completed',
        bytes: bytes.length,
        sha256: sha256(bytes),
        s3Key,
        usable: options.status !== 'aborted',
      },
    ],
  });
  return { id, taskId };
}

function content(id: ArtifactId, headers: Record<string, string> = {}, query = '') {
  return api.call('GET', `/v1/artifacts/${id}/content${query}`, { headers });
}

describe('POST /files', () => {
  it('streams a large document to S3 and gives it back unchanged', async () => {
    const bytes = new Uint8Array(15_000_000).map((_, i) => (i * 31) % 251);
    const response = await upload(bytes, 'große Datei.bin', { 'content-type': 'application/octet-stream' });
    expect(response.status).toBe(201);
    const file = fileSchema.parse(await response.json());
    expect(file).toMatchObject({ name: 'große Datei.bin', bytes: bytes.length, sha256: sha256(bytes) });
    expect(response.headers.get('location')).toBe(`/v1/files/${file.id}`);
    const downloaded = await api.call('GET', file.content_url);
    expect(sha256(new Uint8Array(await downloaded.arrayBuffer()))).toBe(file.sha256);
    expect(downloaded.headers.get('content-disposition')).toContain("filename*=UTF-8''gro%C3%9Fe%20Datei.bin");
  });

  it('keeps the same bytes under the same name once, per tenant', async () => {
    const first = (await (await upload('same', 'a.txt')).json()) as { id: string };
    const second = await upload('same', 'a.txt');
    expect(second.status).toBe(200);
    expect(await second.json()).toMatchObject({ id: first.id });
    expect(await (await upload('same', 'b.txt')).json()).not.toMatchObject({ id: first.id });
    const { key } = await api.createKey();
    const theirs = await api.call('POST', '/files?name=a.txt', { key, body: 'same' });
    expect(theirs.status).toBe(201);
    const both = await Promise.all([upload('race', 'r.txt'), upload('race', 'r.txt')]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 201]);
  });

  it('looks at the bytes before it believes the client', async () => {
    const typeOf = async (body: string, name: string, type?: string) =>
      ((await (await upload(body, name, type ? { 'content-type': type } : {})).json()) as { media_type: string })
        .media_type;
    expect(await typeOf('%PDF-1.7 ...', 'x.txt', 'text/plain')).toBe('application/pdf');
    expect(await typeOf('# Title', 'notes.md', 'application/octet-stream')).toBe('text/markdown');
    expect(await typeOf('not a pdf', 'fake.pdf', 'application/octet-stream')).toBe('application/octet-stream');
    expect(await typeOf('<html>', 'x.html', 'text/html')).toBe('text/html');
  });

  it('takes the name from a header, and refuses a file without one', async () => {
    const headers = { 'x-file-name': 'r%C3%A9sum%C3%A9.md' };
    const named = await api.call('POST', '/files', { body: 'x', headers });
    expect(await named.json()).toMatchObject({ name: 'résumé.md' });
    const nameless = await api.call('POST', '/files', { body: 'x' });
    expect(nameless.status).toBe(400);
    expect(await nameless.json()).toMatchObject({ errors: [{ pointer: '?name' }] });
  });

  it('refuses forms, compressed bodies and what is too large, and leaves nothing behind', async () => {
    const before = await countFiles();
    expect((await upload('x', 'a', { 'content-type': 'multipart/form-data; boundary=x' })).status).toBe(415);
    expect((await upload('x', 'a', { 'content-encoding': 'gzip' })).status).toBe(415);
    const big = await upload(new Uint8Array(20_000_001), 'big.bin').catch(() => undefined);
    if (big) expect(big.status).toBe(413);
    expect(await countFiles()).toBe(before);
  });

  it('accepts an empty file', async () => {
    const response = await upload('', 'empty.txt', { 'content-type': 'text/plain' });
    expect(response.status).toBe(201);
    const file = (await response.json()) as { id: string; content_url: string };
    const downloaded = await api.call('GET', file.content_url);
    expect([downloaded.status, await downloaded.text()]).toEqual([200, '']);
  });

  it('lists and deletes', async () => {
    const file = (await (await upload('to be deleted', 'd.txt')).json()) as { id: string };
    const list = async () =>
      ((await (await api.call('GET', '/files?limit=100')).json()) as { data: { id: string }[] }).data.map(
        ({ id }) => id,
      );
    expect(await list()).toContain(file.id);
    expect((await api.call('DELETE', `/files/${file.id}`)).status).toBe(204);
    expect(await list()).not.toContain(file.id);
    expect((await api.call('GET', `/files/${file.id}`)).status).toBe(404);
    expect((await api.call('DELETE', `/files/${file.id}`)).status).toBe(404);
  });
});

async function countFiles(): Promise<number> {
  const { rows } = await api.context.pool.query<{ n: number }>(
    "select count(*)::integer as n from files where status <> 'deleted'",
  );
  return rows[0]?.n ?? -1;
}

describe('GET /artifacts/{id}/content', () => {
  const bytes = new TextEncoder().encode('0123456789');

  it('sends the whole with headers that let nothing run', async () => {
    const { id, taskId } = await createArtifact(bytes);
    const response = await content(id);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('0123456789');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': '10',
      'content-type': 'audio/mpeg',
      'x-content-type-options': 'nosniff',
      etag: `"${sha256(bytes)}"`,
    });
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="brief.mp3"/);
    const listed = await (await api.call('GET', `/tasks/${taskId}/artifacts`)).json();
    expect(listed).toMatchObject({ data: [{ id, bytes: 10, status: 'completed', usable: true }] });
    const task = await (await api.call('GET', `/tasks/${taskId}`)).json();
    expect(task).toMatchObject({ artifacts: [{ id, content_url: `/v1/artifacts/${id}/content` }] });
    expect(await (await api.call('GET', `/artifacts/${id}`)).json()).toMatchObject({ id, task_id: taskId });
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=0-1,4-5', 200, '0123456789', null],
    ['bytes=x', 200, '0123456789', null],
    ['lines=0-1', 200, '0123456789', null],
  ])('answers the range %s with %i', async (range, status, text, contentRange) => {
    const { id } = await createArtifact(bytes);
    const response = await content(id, { range });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(text);
    expect(response.headers.get('content-range')).toBe(contentRange);
  });

  it('answers 416 to a range behind the end, 304 to who has it, the whole when If-Range differs', async () => {
    const { id } = await createArtifact(bytes);
    const behind = await content(id, { range: 'bytes=10-' });
    expect(behind.status).toBe(416);
    expect(behind.headers.get('content-range')).toBe('bytes */10');
    expect((await content(id, { 'if-none-match': `"${sha256(bytes)}"` })).status).toBe(304);
    expect((await content(id, { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
    expect((await content(id, { range: 'bytes=0-1', 'if-range': `"${sha256(bytes)}"` })).status).toBe(206);
    const head = await api.call('HEAD', `/artifacts/${id}/content`);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
  });

  it('redirects to S3 with an inert type when that is asked for', async () => {
    const { id } = await createArtifact(new TextEncoder().encode('<script>'), {
      name: 'x.html',
      mediaType: 'text/html',
    });
    const response = await content(id, {}, '?redirect=1');
    expect(response.status).toBe(302);
    const fetched = await fetch(response.headers.get('location') ?? '');
    expect(await fetched.text()).toBe('<script>');
    expect(fetched.headers.get('content-type')).toBe('application/octet-stream');
    expect(fetched.headers.get('content-disposition')).toMatch(/^attachment/);
    expect((await content(id)).headers.get('content-type')).toBe('application/octet-stream');
  });

  it('says when there is nothing to fetch yet, or ever', async () => {
    const uploading = await createArtifact(bytes, { status: 'uploading' });
    const early = await content(uploading.id);
    expect([early.status, early.headers.get('retry-after')]).toEqual([409, '1']);
    const aborted = await createArtifact(bytes, { status: 'aborted' });
    expect((await content(aborted.id)).status).toBe(409);
    expect((await content(createId('art'))).status).toBe(404);
  });

  it('opens with the stream token of its task only', async () => {
    const mine = await createArtifact(bytes);
    const other = await createArtifact(bytes);
    const minted = await api.call('POST', `/tasks/${mine.taskId}/stream-tokens`);
    const { token } = (await minted.json()) as { token: string };
    const get = (id: string) => api.call('GET', `/artifacts/${id}/content?access_token=${token}`, { key: null });
    expect((await get(mine.id)).status).toBe(200);
    expect((await get(other.id)).status).toBe(404);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId } from '../../../packages/domain/src/index.ts';
import { expectProblem } from './expect-problem.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await api.stop();
});

async function upload(text: string): Promise<string> {
  const response = await api.call('POST', '/files?name=a.md', { body: text });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

function submit(agent: string, input: unknown, headers: Record<string, string> = {}) {
  return api.call('POST', '/v1/tasks', { body: { agent, input }, headers });
}

async function countTasks(): Promise<number> {
  const { rows } = await api.context.pool.query<{ n: number }>('select count(*)::integer as n from tasks');
  return rows[0]?.n ?? -1;
}

describe('POST /tasks', () => {
  it.each([
    ['document-analyst', { x: 1 }, ['/input/file_id', '/input/name', '/input/x']],
    ['document-analyst', 1, ['/input']],
    ['document-analyst', { file_id: 'file_1', name: 'a' }, ['/input/file_id']],
    ['document-analyst', { file_id: createId('task'), name: 'a' }, ['/input/file_id']],
    ['document-analyst', { file_id: createId('file'), name: 'a', 'a/b': 1 }, ['/input/a~1b']],
    ['document-analyst', { file_id: createId('file'), name: 'n'.repeat(501) }, ['/input/name']],
    ['composer', { prompt: '' }, ['/input/prompt']],
    ['composer', {}, ['/input/prompt']],
  ])('refuses for %s the input %j at the door', async (agent, input, pointers) => {
    const before = await countTasks();
    const problem = await expectProblem(await submit(agent, input), 400, { code: 'invalid_request' });
    expect(problem.errors?.map((error) => error.pointer).sort()).toEqual(pointers);
    expect(await countTasks()).toBe(before);
  });

  it('takes what the agents accept, and anything for an agent that only the settings know', async () => {
    const fileId = await upload('# One');
    expect((await submit('document-analyst', { file_id: fileId, name: 'a.md' })).status).toBe(202);
    expect((await submit('composer', { prompt: 'calm' })).status).toBe(202);
    expect((await submit('other', { x: 1 })).status).toBe(202);
  });

  it('answers a file that is unknown, deleted or of another tenant alike', async () => {
    const theirs = await api.createKey();
    const foreign = await api.call('POST', '/files?name=b.md', { key: theirs.key, body: '# Theirs' });
    const deleted = await upload('# Deleted');
    expect((await api.call('DELETE', `/files/${deleted}`)).status).toBe(204);
    for (const fileId of [createId('file'), ((await foreign.json()) as { id: string }).id, deleted]) {
      const response = await submit('document-analyst', { file_id: fileId, name: 'a.md' });
      const problem = await expectProblem(response, 400, { code: 'invalid_request' });
      expect(problem.errors).toMatchObject([{ pointer: '/input/file_id', code: 'unknown_file' }]);
      expect(JSON.stringify(problem)).not.toContain(fileId);
    }
  });

  it('answers a repetition as before when the file was deleted meanwhile', async () => {
    const fileId = await upload('# Soon deleted');
    const input = { file_id: fileId, name: 'a.md' };
    const first = await submit('document-analyst', input, { 'idempotency-key': 'deleted-file' });
    expect(first.status).toBe(202);
    expect((await api.call('DELETE', `/files/${fileId}`)).status).toBe(204);
    const before = await countTasks();
    const again = await submit('document-analyst', input, { 'idempotency-key': 'deleted-file' });
    expect(again.status).toBe(202);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await again.json()).toEqual(await first.json());
    await expectProblem(await submit('document-analyst', input, { 'idempotency-key': 'another' }), 400);
    expect(await countTasks()).toBe(before);
  });
});

describe('POST /batches', () => {
  it('names every request whose input is not what its agent accepts', async () => {
    const before = await countTasks();
    const requests = [
      { custom_id: 'a', input: { file_id: createId('file'), name: 'a.md' } },
      { custom_id: 'b', input: { x: 1 }, agent: 'composer' },
      { custom_id: 'c', input: 'text' },
    ];
    const response = await api.call('POST', '/batches', { body: { agent: 'document-analyst', requests } });
    const problem = await expectProblem(response, 400, { code: 'invalid_request' });
    expect(problem.errors?.map((error) => error.pointer).sort()).toEqual([
      '/requests/1/input/prompt',
      '/requests/1/input/x',
      '/requests/2/input',
    ]);
    expect(await countTasks()).toBe(before);
  });

  it('names every request whose file does not exist, and takes them when all do', async () => {
    const fileId = await upload('# Batch');
    const request = (custom_id: string, file_id: string) => ({ custom_id, input: { file_id, name: 'a.md' } });
    const send = (requests: object[]) =>
      api.call('POST', '/batches', { body: { agent: 'document-analyst', requests } });
    const response = await send([request('a', fileId), request('b', createId('file')), request('c', fileId)]);
    const problem = await expectProblem(response, 400, { code: 'invalid_request' });
    expect(problem.errors).toMatchObject([{ pointer: '/requests/1/input/file_id', code: 'unknown_file' }]);
    expect((await send([request('a', fileId), request('b', fileId)])).status).toBe(202);
  });
});

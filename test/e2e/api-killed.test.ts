import { afterEach, describe, expect, it } from 'vitest';
import { checkTaskLog } from '../support/check-task-log.ts';
import { watchTask } from '../support/event-stream.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';

let system: System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

describe('kill -9 of the API right after a 202', () => {
  it('the task runs, and the same idempotency key finds it again', async () => {
    const running = await startSystem({ workers: 1 });
    system = running;
    const fileId = await running.api.uploadText('agreement.md', createSampleDocument());
    const body = { agent: 'document-analyst', input: { file_id: fileId, name: 'agreement.md' } };
    const headers = { 'idempotency-key': 'killed-after-202' };
    const response = await running.api.request('POST', '/v1/tasks', body, headers);
    running.apiService.kill('SIGKILL');
    expect(response.status).toBe(202);
    const id = response.headers.get('location')?.split('/').at(-1) ?? '';
    await running.apiService.exited;
    await running.startApi();
    const frames = await watchTask(running.api.eventsUrl(id), { key: running.api.key });
    await checkTaskLog(running.pool, id, frames);
    expect(frames.at(-1)?.type).toBe('task.completed');
    const again = await running.api.request('POST', '/v1/tasks', body, headers);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(((await again.json()) as { id: string }).id).toBe(id);
    const { rows } = await running.pool.query('select count(*)::int as n from tasks');
    expect(rows).toEqual([{ n: 1 }]);
  });
});

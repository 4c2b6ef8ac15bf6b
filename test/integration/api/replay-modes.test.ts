import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { playTask } from './play-task.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

async function submit(body: object = {}): Promise<TaskId> {
  const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input: 1, ...body } });
  return ((await response.json()) as { id: TaskId }).id;
}

async function eventsOf(taskId: TaskId): Promise<unknown[]> {
  return ((await (await api.call('GET', `/tasks/${taskId}/events?limit=1000`)).json()) as { data: unknown[] }).data;
}

describe('POST /tasks/{id}/replay with a mode', () => {
  it('begins again at a step or at the beginning, and says before what that would keep', async () => {
    const taskId = await submit();
    const played = await playTask(api.context.pool, taskId);
    const steps = [0, 1, 2].map((position) => ({
      id: createId('step'),
      run: 1,
      stepKey: position === 0 ? 't1' : `t1:${position}`,
      turn: 1,
      position,
      kind: position === 0 ? ('turn' as const) : ('tool' as const),
      name: 'n',
      status: position === 2 ? ('intent' as const) : ('done' as const),
      effectClass: 'unsafe' as const,
      attempts: 1,
      startedAt: new Date(),
    }));
    await played.flush([{ type: 'log', data: {} }], { steps });
    await played.complete(1);
    const post = async (body: object) => {
      const response = await api.call('POST', `/tasks/${taskId}/replay`, { body });
      return { status: response.status, ...((await response.json()) as object) };
    };
    const before = await eventsOf(taskId);
    expect(await post({ dry_run: true })).toMatchObject({
      status: 200,
      dry_run: true,
      run: 2,
      plan: { kept: { turns: 1, tool_calls: 1 }, unsettled: 1, again: [{ step_key: 't1:2', effect_class: 'unsafe' }] },
    });
    const fromStep = { mode: 'from_step', step_id: steps[1]?.id };
    expect(await post({ ...fromStep, dry_run: true })).toMatchObject({
      plan: { kept: { turns: 1, tool_calls: 0 }, dropped: { turns: 0, tool_calls: 2 }, unsettled: 0 },
    });
    expect(await post({ mode: 'restart', dry_run: true })).toMatchObject({
      plan: { kept: { turns: 0, tool_calls: 0 }, dropped: { turns: 1, tool_calls: 2 } },
    });
    expect(await eventsOf(taskId)).toEqual(before);
    expect(await post(fromStep)).toMatchObject({ status: 202, run: 2, mode: 'from_step', from_step: steps[1]?.id });
    expect(await post({ ...fromStep, run: 1 })).toMatchObject({ status: 200, run: 2, repeated: true });
    expect(await post({ run: 1 })).toMatchObject({ status: 409, detail: expect.stringContaining('from_step') });
    expect((await eventsOf(taskId)).at(-1)).toMatchObject({
      type: 'task.replayed',
      data: { run: 2, mode: 'from_step', from_step: steps[1]?.id },
    });
    const { rows } = await api.context.pool.query('select detail from audit_log where target = $1', [taskId]);
    expect(JSON.parse(rows[0]?.detail)).toEqual({ run: 2, mode: 'from_step', from_step: steps[1]?.id });
  });

  it('offers only a restart for a journal that is gone or that the deployed agent cannot continue', async () => {
    const taskId = await submit({ agent: 'composer', input: { prompt: 'a march' } });
    await (await playTask(api.context.pool, taskId)).complete(1);
    const replay = async (mode: string) =>
      (await api.call('POST', `/tasks/${taskId}/replay`, { body: { mode, dry_run: true } })).status;
    expect(await replay('resume')).toBe(200);
    await api.context.pool.query('update tasks set journal_version = 99 where id = $1', [toUuid(taskId)]);
    expect(await replay('resume')).toBe(409);
    expect(await replay('restart')).toBe(200);
    await api.context.pool.query('update tasks set journal_version = 1, purged_run = 1 where id = $1', [
      toUuid(taskId),
    ]);
    expect(await replay('resume')).toBe(409);
    expect(await replay('restart')).toBe(200);
  });
});

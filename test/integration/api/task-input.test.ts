import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, NO_USAGE, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { type Settlement, signalTask } from '../../../packages/store/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { expectProblem } from './expect-problem.ts';
import { playTask } from './play-task.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

async function submit(): Promise<TaskId> {
  const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input: 1 } });
  return ((await response.json()) as { id: TaskId }).id;
}

const SCHEMA = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] };

/** A task that waits for the answer to a question, as its worker leaves it. */
async function submitAsking(): Promise<{ taskId: TaskId; key: string }> {
  const taskId = await submit();
  const played = await playTask(api.context.pool, taskId);
  const key = createId('step');
  const question = { key, prompt: 'How many?', schema: SCHEMA, tool: 'ask', tool_use_id: 'toolu_1' };
  await played.flush([{ type: 'input.requested', data: question }], {
    steps: [
      {
        ...{ id: createId('step'), run: 1, stepKey: 't1:toolu_1?1', turn: 1, position: 1, kind: 'question' },
        ...{ name: 'ask', status: 'intent', idempotencyKey: key, content: JSON.stringify(question), attempts: 1 },
        startedAt: new Date(),
      },
    ],
  });
  await played.flush([{ type: 'task.waiting', data: { waiting_for: 'input' } }], { settlement: PARKED });
  return { taskId, key };
}

const PARKED: Settlement = {
  ...{ to: 'waiting', waitingFor: 'input', usage: NO_USAGE, attempts: 0, history: [], signalNo: 0 },
};

function tell(taskId: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return api.call('POST', `/v1/tasks/${taskId}/input`, { body, headers });
}

async function statusOf(taskId: TaskId): Promise<unknown> {
  return ((await (await api.call('GET', `/tasks/${taskId}`)).json()) as { status: string }).status;
}

async function eventsOf(taskId: TaskId): Promise<{ type: string; data: unknown }[]> {
  const response = await api.call('GET', `/tasks/${taskId}/events?limit=1000`);
  return ((await response.json()) as { data: { type: string; data: unknown }[] }).data;
}

describe('POST /tasks/{id}/input', () => {
  it('answers a question: the task is queued with the answer, audited and announced', async () => {
    const { taskId, key } = await submitAsking();
    const shown = (await (await api.call('GET', `/tasks/${taskId}`)).json()) as object;
    expect(shown).toMatchObject({ waiting_for: 'input', wake_at: null, questions: [{ key, prompt: 'How many?' }] });
    const response = await tell(taskId, { responses: { [key]: { n: 2 }, other: 1 } });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ task_id: taskId, ignored: ['other'] });
    expect(await statusOf(taskId)).toBe('queued');
    expect((await eventsOf(taskId)).at(-1)).toMatchObject({
      type: 'input.received',
      data: { responses: { [key]: { n: 2 } } },
    });
    const { rows } = await api.context.pool.query('select action from audit_log where target = $1', [taskId]);
    expect(rows).toEqual([{ action: 'task.input' }]);
    expect((await playTask(api.context.pool, taskId)).epoch).toBe(2);
  });

  it('takes an answer once', async () => {
    const { taskId, key } = await submitAsking();
    await tell(taskId, { responses: { [key]: { n: 2 } } });
    const again = await tell(taskId, { responses: { [key]: { n: 3 } } });
    expect([again.status, await again.json()]).toEqual([202, { task_id: taskId, ignored: [key] }]);
    expect((await eventsOf(taskId)).filter((event) => event.type === 'input.received')).toHaveLength(1);
  });

  it('refuses an answer that does not fit with pointers, and the question stays open', async () => {
    const { taskId, key } = await submitAsking();
    const response = await tell(taskId, { responses: { [key]: { n: 0 } } });
    await expectProblem(response, 400, { code: 'invalid_request', errors: [{ pointer: `/responses/${key}/n` }] });
    expect(await statusOf(taskId)).toBe('waiting');
  });

  it('keeps a message for a task that is queued or runs, and does not change where it is', async () => {
    const taskId = await submit();
    expect((await tell(taskId, { message: 'First.' })).status).toBe(202);
    expect(await statusOf(taskId)).toBe('queued');
    await playTask(api.context.pool, taskId);
    expect((await tell(taskId, { message: 'Second.' })).status).toBe(202);
    expect(await statusOf(taskId)).toBe('running');
    const { rows } = await api.context.pool.query('select n, payload from task_signals where task_id = $1 order by n', [
      toUuid(taskId),
    ]);
    expect(rows).toEqual([
      { n: 1, payload: '"First."' },
      { n: 2, payload: '"Second."' },
    ]);
  });

  it('writes a repeated request once, and gives it the same answer', async () => {
    const taskId = await submit();
    const headers = { 'idempotency-key': 'say-it-once' };
    const first = await tell(taskId, { message: 'Once.' }, headers);
    const second = await tell(taskId, { message: 'Once.' }, headers);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await second.json()).toEqual(await first.json());
    await expectProblem(await tell(taskId, { message: 'Twice.' }, headers), 422, { code: 'idempotency_key_reused' });
    expect((await eventsOf(taskId)).filter((event) => event.type === 'input.received')).toHaveLength(1);
    expect((await tell(await submit(), { message: 'Once.' }, headers)).headers.get('idempotent-replayed')).toBeNull();
  });

  it('gives a repeated request its answer though the task has gone on with it, or is over by then', async () => {
    const { taskId, key } = await submitAsking();
    const answer = { body: { responses: { [key]: { n: 2 } } }, headers: { 'idempotency-key': 'answer-it' } };
    const message = { body: { message: 'And this.' }, headers: { 'idempotency-key': 'say-it' } };
    const requests = [answer, message];
    const first: unknown[] = [];
    for (const { body, headers } of requests) first.push(await (await tell(taskId, body, headers)).json());
    for (const end of ['queued', 'cancelled']) {
      if (end === 'cancelled') await api.call('POST', `/tasks/${taskId}/cancel`);
      expect(await statusOf(taskId)).toBe(end);
      for (const [index, { body, headers }] of requests.entries()) {
        const again = await tell(taskId, body, headers);
        expect([again.status, await again.json()]).toEqual([202, first[index]]);
        expect(again.headers.get('idempotent-replayed')).toBe('true');
      }
      await expectProblem(await tell(taskId, { message: 'Other.' }, message.headers), 422);
    }
    expect((await eventsOf(taskId)).filter((event) => event.type === 'input.received')).toHaveLength(2);
  });

  it('refuses what is no input, what is not there, and what is over', async () => {
    const taskId = await submit();
    for (const body of [
      {},
      { message: '' },
      { message: '  ' },
      { message: 'a', responses: { a: 1 } },
      { responses: {} },
    ]) {
      await expectProblem(await tell(taskId, body), 400);
    }
    await expectProblem(await tell(createId('task'), { message: 'a' }), 404);
    await expectProblem(await tell(createId('task'), { responses: { a: 1 } }), 404);
    const { key } = await api.createKey();
    const foreign = await api.call('POST', `/v1/tasks/${taskId}/input`, { key, body: { message: 'a' } });
    await expectProblem(foreign, 404);
    await api.call('POST', `/tasks/${taskId}/cancel`);
    await expectProblem(await tell(taskId, { message: 'a' }), 409, { code: 'conflict' });
    await expectProblem(await tell(taskId, { responses: { a: 1 } }), 409, { code: 'conflict' });
  });

  it('keeps text that looks like the log, or like nothing a database likes', async () => {
    const { taskId, key } = await submitAsking();
    const answer = { n: 1, epoch: 0, text: '"epoch":0\n\ndata: x \u2028' };
    await tell(taskId, { responses: { [key]: answer } });
    expect((await eventsOf(taskId)).at(-1)).toMatchObject({ epoch: 1, data: { responses: { [key]: answer } } });
  });
});

describe('a waiting task', () => {
  it('is woken by an answer that had to wait for its parking to commit', async () => {
    const taskId = await submit();
    await playTask(api.context.pool, taskId);
    const parking = await api.context.pool.connect();
    try {
      await parking.query('begin');
      await parking.query(`update task_heads set status = 'waiting' where task_id = $1`, [toUuid(taskId)]);
      await parking.query(`update tasks set waiting_for = 'input', incarnation = null where id = $1`, [toUuid(taskId)]);
      const { tenantId } = api;
      const signals = [{ key: 'k', payload: 1 }];
      const told = signalTask(api.context.pool, {
        ...{ tenantId, taskId, kind: 'input', signals, data: {}, actor: 'test', answer: undefined },
      });
      await eventually('the answer to wait for the head', async () => {
        // Of another session: in a transaction the statistics stay as they were.
        const { rows } = await api.context.pool.query(
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%task_signals%'
            and datname = current_database()`,
        );
        return rows.length > 0;
      });
      await parking.query('commit');
      expect(await told).toMatchObject({ kind: 'told', status: 'queued' });
    } finally {
      parking.release();
    }
  });

  it('is cancelled, and expires, while it waits', async () => {
    const { taskId } = await submitAsking();
    expect(await (await api.call('POST', `/tasks/${taskId}/cancel`)).json()).toMatchObject({ status: 'cancelled' });
    await expectProblem(await tell(taskId, { message: 'too late' }), 409);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLetterSchema } from '../../../apps/api/src/schemas/dead-letter.ts';
import { createFailure, createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { flushTasks } from '../../../packages/store/src/index.ts';
import { playTask } from './play-task.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await api.stop();
});

async function submit(body: object = {}): Promise<TaskId> {
  const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input: 1, ...body } });
  return ((await response.json()) as { id: TaskId }).id;
}

interface WireEvent {
  type: string;
  sequence_number: number;
  epoch: number;
  data: Record<string, unknown>;
}

async function eventsOf(taskId: TaskId): Promise<WireEvent[]> {
  const response = await api.call('GET', `/tasks/${taskId}/events?limit=1000&visibility=developer`);
  const { data } = (await response.json()) as { data: WireEvent[] };
  expect(data.map((event) => event.sequence_number)).toEqual(data.map((_, i) => i + 1));
  return data;
}

async function failWithDeadLetter(taskId: TaskId): Promise<string> {
  const played = await playTask(api.context.pool, taskId);
  const failure = createFailure('tool_failed', 'The tool broke.');
  const id = createId('dl');
  const usage = {
    input_tokens: 5,
    output_tokens: 6,
    cache_read_tokens: 0,
    cache_creation_tokens: 0,
    cost_usd: 0.1,
    turns: 2,
    tool_calls: 1,
  };
  await played.flush([{ type: 'task.failed', data: { dead_letter_id: id } }], {
    settlement: {
      to: 'failed',
      failure,
      usage,
      attempts: 3,
      history: [{ attempt: 1 }],
      deadLetter: { id, reason: 'exhausted', retryStopped: 'max_attempts', lastStepKey: 't2' },
    },
  });
  return id;
}

describe('POST /tasks/{id}/cancel', () => {
  it('cancels a queued task at once, and again without effect', async () => {
    const taskId = await submit();
    const first = await api.call('POST', `/tasks/${taskId}/cancel`, { body: { reason: 'wrong file' } });
    expect(first.status).toBe(202);
    expect(await first.json()).toMatchObject({ status: 'cancelled', last_event_id: 2, poll_after_ms: null });
    const second = await api.call('POST', `/tasks/${taskId}/cancel`);
    expect(second.status).toBe(202);
    expect(await second.json()).toMatchObject({ status: 'cancelled', last_event_id: 2 });
    expect(await eventsOf(taskId)).toMatchObject([{}, { type: 'task.cancelled', data: { reason: 'wrong file' } }]);
    const { rows } = await api.context.pool.query('select action, reason from audit_log where target = $1', [taskId]);
    expect(rows).toEqual([{ action: 'task.cancelled', reason: 'wrong file' }]);
    const due = await api.context.pool.query('select next_dispatch_at from tasks where id = $1', [toUuid(taskId)]);
    expect(due.rows).toEqual([{ next_dispatch_at: null }]);
  });

  it('asks the worker of a running task, which then may only cancel', async () => {
    const taskId = await submit();
    const played = await playTask(api.context.pool, taskId);
    const told = new Promise((resolve) => {
      api.context.redis.subscriber.on('message', (_channel: string, message: string) => resolve(message));
    });
    await api.context.redis.subscriber.subscribe(api.context.redis.keys.cancelChannel);
    const response = await api.call('POST', `/tasks/${taskId}/cancel`, { body: {} });
    const body = (await response.json()) as { status: string; cancel_requested_at: string | null };
    expect(body.status).toBe('running');
    expect(body.cancel_requested_at).not.toBeNull();
    expect(await told).toBe(taskId);
    await expect(played.complete('too late')).rejects.toThrow('cancel_first');
    const again = await api.call('POST', `/tasks/${taskId}/cancel`);
    expect(await again.json()).toMatchObject({ last_event_id: 3 });
    expect((await eventsOf(taskId)).map((event) => event.type)).toEqual([
      'task.queued',
      'task.started',
      'task.cancel_requested',
    ]);
  });

  it('fences the worker when forced, and announces its half turn as void', async () => {
    const taskId = await submit();
    const played = await playTask(api.context.pool, taskId);
    await played.flush([{ type: 'turn.started', data: {} }], { openTurn: 0 });
    await played.flush([{ type: 'text.delta', data: { text: 'half' } }]);
    const response = await api.call('POST', `/tasks/${taskId}/cancel`, { body: { force: true } });
    expect(await response.json()).toMatchObject({ status: 'cancelled', last_event_id: 6 });
    await expect(played.flush([{ type: 'text.delta', data: { text: 'zombie' } }])).rejects.toThrow('fenced');
    const events = await eventsOf(taskId);
    expect(events.slice(4)).toMatchObject([
      { type: 'turn.voided', epoch: 2, data: { from: 3, to: 4 } },
      { type: 'task.cancelled', epoch: 2, data: { forced: true } },
    ]);
  });

  it('answers 409 when the task ended otherwise', async () => {
    const taskId = await submit();
    await (await playTask(api.context.pool, taskId)).complete('done');
    const response = await api.call('POST', `/tasks/${taskId}/cancel`);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: 'conflict' });
  });

  it('has one winner against completion, whoever comes first', async () => {
    for (let i = 0; i < 20; i++) {
      const taskId = await submit();
      const played = await playTask(api.context.pool, taskId);
      const [cancel, complete] = await Promise.allSettled([
        api.call('POST', `/tasks/${taskId}/cancel`, { body: { force: true } }),
        played.complete('done'),
      ]);
      const task = (await (await api.call('GET', `/tasks/${taskId}`)).json()) as { status: string };
      const cancelled = cancel.status === 'fulfilled' && cancel.value.status === 202;
      const completed = complete.status === 'fulfilled';
      expect(cancelled).not.toBe(completed);
      expect(task.status).toBe(cancelled ? 'cancelled' : 'completed');
      const finals = (await eventsOf(taskId)).filter((event) => /^task\.(cancelled|completed)$/.test(event.type));
      expect(finals).toHaveLength(1);
    }
  });
});

describe('replay', () => {
  it('starts a new run that continues the sequence, once for two clicks', async () => {
    const taskId = await submit();
    const deadLetterId = await failWithDeadLetter(taskId);
    const body = { reason: 'the tool works again' };
    const clicks = await Promise.all([
      api.call('POST', `/dead-letters/${deadLetterId}/replay`, { body }),
      api.call('POST', `/dead-letters/${deadLetterId}/replay`, { body }),
      api.call('POST', `/tasks/${taskId}/replay`, { body }),
    ]);
    expect(clicks.map((click) => click.status).sort()).toEqual([200, 200, 202]);
    const answers = (await Promise.all(clicks.map((click) => click.json()))) as { run: number; repeated: boolean }[];
    expect(answers.map((answer) => answer.run)).toEqual([2, 2, 2]);
    expect(answers.filter((answer) => !answer.repeated)).toHaveLength(1);
    const task = await (await api.call('GET', `/tasks/${taskId}`)).json();
    expect(task).toMatchObject({
      status: 'queued',
      run: 2,
      attempts: 0,
      failure: null,
      dead_letter_id: null,
      finished_at: null,
      usage: { input_tokens: 5 },
    });
    expect((await eventsOf(taskId)).slice(3)).toMatchObject([
      { type: 'task.replayed', sequence_number: 4, data: { run: 2, mode: 'resume', reason: 'the tool works again' } },
    ]);
    const { rows } = await api.context.pool.query('select run, base_run, mode from task_runs where task_id = $1', [
      toUuid(taskId),
    ]);
    expect(rows).toEqual([{ run: 2, base_run: 1, mode: 'resume' }]);
    const letter = await (await api.call('GET', `/dead-letters/${deadLetterId}`)).json();
    expect(letter).toMatchObject({ status: 'replayed', replay_run: 2 });
  });

  it('is still the same replay after the new run has ended', async () => {
    const taskId = await submit();
    const deadLetterId = await failWithDeadLetter(taskId);
    await api.call('POST', `/dead-letters/${deadLetterId}/replay`);
    const played = await playTask(api.context.pool, taskId);
    await played.complete('recovered');
    const late = await api.call('POST', `/dead-letters/${deadLetterId}/replay`);
    expect(late.status).toBe(200);
    expect(await late.json()).toMatchObject({ run: 2, repeated: true });
    expect(await (await api.call('GET', `/tasks/${taskId}`)).json()).toMatchObject({
      status: 'completed',
      result: 'recovered',
      run: 2,
    });
    // Whoever names no run asks for the newest one, which is over: that is a new replay.
    expect((await api.call('POST', `/tasks/${taskId}/replay`)).status).toBe(202);
  });

  it('refuses a task that still runs, a run that is not there and other modes', async () => {
    const taskId = await submit();
    expect((await api.call('POST', `/tasks/${taskId}/replay`)).status).toBe(409);
    await (await playTask(api.context.pool, taskId)).complete(1);
    expect((await api.call('POST', `/tasks/${taskId}/replay`, { body: { run: 2 } })).status).toBe(409);
    const refused = async (body: object) => {
      const response = await api.call('POST', `/tasks/${taskId}/replay`, { body });
      return { status: response.status, ...((await response.json()) as object) };
    };
    expect(await refused({ mode: 'again' })).toMatchObject({ status: 400, errors: [{ pointer: '/mode' }] });
    for (const body of [{ mode: 'from_step' }, { mode: 'restart', step_id: createId('step') }]) {
      expect(await refused(body)).toMatchObject({ status: 400, errors: [{ pointer: '/step_id' }] });
    }
    expect(await refused({ patch: {} })).toMatchObject({ status: 400 });
    expect(await refused({ mode: 'from_step', step_id: createId('step') })).toMatchObject({
      status: 409,
      detail: expect.stringContaining('no such step'),
    });
  });

  it('gives a replayed task its time again when its deadline has passed', async () => {
    const taskId = await submit({ deadline_at: new Date(Date.now() + 60_000).toISOString() });
    await (await playTask(api.context.pool, taskId)).complete(1);
    await api.context.pool.query(
      "update tasks set created_at = created_at - interval '1 hour', deadline_at = deadline_at - interval '1 hour' where id = $1",
      [toUuid(taskId)],
    );
    await api.call('POST', `/tasks/${taskId}/replay`);
    const task = (await (await api.call('GET', `/tasks/${taskId}`)).json()) as { deadline_at: string };
    expect(Date.parse(task.deadline_at) - Date.now()).toBeGreaterThan(50_000);
  });
});

describe('dead letters', () => {
  it('are listed, filtered and shown with what an operator needs', async () => {
    const taskId = await submit();
    const id = await failWithDeadLetter(taskId);
    const list = async (query: string) => {
      const response = await api.call('GET', `/dead-letters?${query}`);
      return ((await response.json()) as { data: { id: string }[] }).data.map((letter) => letter.id);
    };
    expect(await list(`task_id=${taskId}`)).toEqual([id]);
    expect(await list(`task_id=${taskId}&status=open&reason=exhausted&code=tool_failed&agent=test`)).toEqual([id]);
    expect(await list(`task_id=${taskId}&status=replayed`)).toEqual([]);
    const letter = deadLetterSchema.parse(await (await api.call('GET', `/dead-letters/${id}`)).json());
    expect(letter).toMatchObject({
      retry_stopped: 'max_attempts',
      history: [{ attempt: 1 }],
      journal: { last_step_key: 't2', steps_url: `/v1/tasks/${taskId}/steps` },
      failure: { code: 'tool_failed' },
      usage: { turns: 2 },
    });
  });
});

describe('GET /tasks/{id}/steps', () => {
  it('pages through the journal in order', async () => {
    const taskId = await submit();
    const played = await playTask(api.context.pool, taskId);
    const steps = [0, 1, 2].map((position) => ({
      id: createId('step'),
      run: 1,
      stepKey: `t1:${position}`,
      turn: 1,
      position,
      kind: position === 0 ? ('turn' as const) : ('tool' as const),
      name: 'n',
      status: 'done' as const,
      attempts: 1,
      startedAt: new Date(),
    }));
    const written = { taskId, epoch: played.epoch, flushNo: 1, events: [], steps, artifacts: [] };
    expect(await flushTasks(api.context.pool, [written])).toMatchObject([{ verdict: 'ok' }]);
    const first = await (await api.call('GET', `/tasks/${taskId}/steps?limit=2`)).json();
    expect(first).toMatchObject({ data: [{ position: 0 }, { position: 1 }], has_more: true, next_after: '1.1.1' });
    const second = await (await api.call('GET', `/tasks/${taskId}/steps?after=1.1.1`)).json();
    expect(second).toMatchObject({ data: [{ position: 2, elapsed_ms: expect.any(Number) }], has_more: false });
  });
});

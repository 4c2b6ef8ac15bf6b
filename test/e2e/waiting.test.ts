import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openRedis } from '../../packages/streams/src/index.ts';
import { createSilentLogger } from '../../packages/telemetry/src/index.ts';
import type { TaskBody } from '../support/api-client.ts';
import { checkTaskLog } from '../support/check-task-log.ts';
import { watchTask } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { call, say } from '../support/probe-tool.ts';
import { type System, startSystem } from '../support/start-system.ts';

const AGENTS = path.resolve(import.meta.dirname, 'agents/waiting-agents.mjs');
const CANCELS = 20;

let system: System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

type Reply = ReturnType<typeof say>;

async function start(ownRedis = false): Promise<System> {
  const env = { NIGHTSHIFT_AGENTS: 'waiter', NIGHTSHIFT_AGENTS_MODULE: AGENTS };
  system = await startSystem({ workers: 1, ownRedis, env });
  return system;
}

/** Every task does the same: its first turn, then its second. */
function script(running: System, first: Reply, second: Reply = say('Done.')): void {
  running.model.script.push(
    { match: { turn: 1 }, replies: [first], repeat: true },
    { match: { turn: 2 }, replies: [second], repeat: true },
  );
}

async function submitAndWait(running: System, event: string): Promise<TaskBody> {
  const task = await running.api.submit({ prompt: 'Do it.' }, { agent: 'waiter' });
  await eventually(`${event} of ${task.id}`, async () => (await eventTypes(running, task.id)).includes(event));
  return task;
}

async function eventTypes(running: System, id: string): Promise<string[]> {
  const page = await running.api.json<{ data: { type: string }[] }>(
    'GET',
    `/v1/tasks/${id}/events?limit=1000&visibility=developer`,
    undefined,
    { accept: 'application/json' },
  );
  return page.data.map((event) => event.type);
}

describe('a question', () => {
  it('outlives every process and all of Redis, and its answer, sent twice, is used once', async () => {
    const running = await start(true);
    script(running, call('ask_human', [{ question: 'Which?', choices: ['this', 'that'] }]));
    const { id } = await submitAndWait(running, 'task.waiting');
    const [worker] = running.workers;
    worker?.kill('SIGKILL');
    running.apiService.kill('SIGKILL');
    await Promise.all([worker?.exited, running.apiService.exited]);
    await flushRedis(running);
    const { rows } = await running.pool.query('select incarnation, next_dispatch_at from tasks');
    expect(rows).toEqual([{ incarnation: null, next_dispatch_at: null }]); // nobody's, and nowhere on offer
    await running.startApi();
    await running.startWorker('second');
    const asked = await running.api.task(id);
    const [question] = asked.questions as { key: string; schema: unknown }[];
    expect(question?.schema).toEqual({ type: 'string', enum: ['this', 'that'] });
    const answer = { responses: { [String(question?.key)]: 'that' } };
    await running.api.json('POST', `/v1/tasks/${id}/input`, answer);
    await running.api.json('POST', `/v1/tasks/${id}/input`, answer);
    const frames = await watchTask(running.api.eventsUrl(id), { key: running.api.key });
    await checkTaskLog(running.pool, id, frames);
    expect(frames.at(-1)?.type).toBe('task.completed');
    expect(frames.filter((frame) => frame.type === 'input.received')).toHaveLength(1);
    expect(JSON.stringify(running.model.requests.at(-1)?.body)).toContain('that');
  });

  it('expires with its task at the deadline, and is cancelled with it', async () => {
    const running = await start();
    script(running, call('ask_human', [{ question: 'Which?' }]));
    const dying = await running.api.submit({ prompt: 'Do it.' }, { agent: 'waiter', deadline_at: soon(4_000) });
    const cancelled = await submitAndWait(running, 'task.waiting');
    await running.api.json('POST', `/v1/tasks/${cancelled.id}/cancel`);
    expect((await running.api.waitFor(cancelled.id)).status).toBe('cancelled');
    expect((await running.api.waitFor(dying.id)).status).toBe('expired');
    expect(await eventTypes(running, dying.id)).toContain('task.waiting');
    const late = await running.api.request('POST', `/v1/tasks/${dying.id}/input`, { message: 'Too late?' });
    expect(late.status).toBe(409);
  });
});

const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

async function flushRedis(running: System): Promise<void> {
  const redis = openRedis({ url: running.redisUrl, prefix: 'none', name: 'test', log: createSilentLogger() });
  await eventually('Redis to be flushed', () => redis.commands.flushall().catch(() => undefined));
  await redis.close();
}

describe('a cancel', () => {
  it('reaches the model stream and the tools of a real worker within a second', async () => {
    const running = await start();
    const slow = say('word '.repeat(2_000), { delivery: { delayBetweenChunksMs: 50 } });
    script(running, call('hold', [{ ms: 60_000 }]));
    const tookMs = await cancelMany(running, 'tool.started');
    running.model.script.clear();
    script(running, slow);
    tookMs.push(...(await cancelMany(running, 'text.delta')));
    tookMs.sort((a, b) => a - b);
    const p95 = tookMs[Math.ceil(tookMs.length * 0.95) - 1] ?? Number.NaN;
    process.stderr.write(`[cancel] ${tookMs.length} tasks: p50 ${tookMs[tookMs.length >> 1]} ms, p95 ${p95} ms\n`);
    expect(p95).toBeLessThan(4_000); // the aim is 1 s; this machine may be busy with other tests
  }, 90_000);
});

/** From the request to the final event, for tasks in the middle of the same thing. */
async function cancelMany(running: System, event: string): Promise<number[]> {
  const tasks = await Promise.all(Array.from({ length: CANCELS / 2 }, () => submitAndWait(running, event)));
  return Promise.all(
    tasks.map(async ({ id }) => {
      const startedAt = performance.now();
      await running.api.json('POST', `/v1/tasks/${id}/cancel`);
      const task = await running.api.json<TaskBody>('GET', `/v1/tasks/${id}?wait=20`);
      expect(task.status).toBe('cancelled');
      expect((await eventTypes(running, id)).at(-1)).toBe('task.cancelled');
      return Math.round(performance.now() - startedAt);
    }),
  );
}

describe('SIGTERM', () => {
  it.each([
    ['in a tool', call('hold', [{ ms: 1_500 }]), 'tool.started', 'queued'],
    ['in a park', call('ask_human', [{ question: 'Which?' }]), 'input.requested', 'waiting'],
  ])('%s ends at a step boundary, without attempt or suspicion, and the task goes on elsewhere', async (...row) => {
    const [, first, event, status] = row;
    const running = await start();
    script(running, first);
    const { id } = await submitAndWait(running, event);
    const [worker] = running.workers;
    worker?.kill('SIGTERM');
    await worker?.exited;
    expect(worker?.output()).not.toMatch(/shutdown failed|uncaught|unhandled/);
    const { rows } = await running.pool.query(
      'select h.status, t.attempts, t.suspicion, t.incarnation from tasks t join task_heads h on h.task_id = t.id',
    );
    expect(rows).toEqual([{ status, attempts: 0, suspicion: 0, incarnation: null }]);
    await running.startWorker('second');
    if (status === 'waiting') {
      const { questions } = await running.api.task(id);
      const [question] = questions as { key: string }[];
      await running.api.json('POST', `/v1/tasks/${id}/input`, { responses: { [String(question?.key)]: 'That.' } });
    }
    expect((await running.api.waitFor(id)).status).toBe('completed');
    const types = await eventTypes(running, id);
    expect(types.filter((type) => type === 'tool.completed')).toHaveLength(1); // what was let end is not run again
    expect(running.model.requests.filter((request) => request.turn === 1)).toHaveLength(1);
  });

  it('of an idle worker ends it at once', async () => {
    const running = await start();
    const [worker] = running.workers;
    const startedAt = performance.now();
    worker?.kill('SIGTERM');
    await worker?.exited;
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  });
});

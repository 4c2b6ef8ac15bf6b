import { afterEach, describe, expect, it } from 'vitest';
import { checkTaskLog } from '../../support/check-task-log.ts';
import { watchTask } from '../../support/event-stream.ts';
import { eventually } from '../../support/eventually.ts';
import { createSampleDocument } from '../../support/sample-document.ts';
import { type System, startSystem } from '../../support/start-system.ts';

const GRACE_MS = 5_000;
let system: System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

/** Starts a system whose only worker is in the middle of a slow turn. */
async function startSlowTask(delayMs: number, ownRedis = false): Promise<{ running: System; taskId: string }> {
  const running = await startSystem({ workers: 1, ownRedis, env: { NIGHTSHIFT_GRACE_MS: String(GRACE_MS) } });
  system = running;
  running.model.script.push({
    match: { turn: 1 },
    replies: [{ type: 'extractive', delivery: { delayBetweenChunksMs: delayMs } }],
  });
  const task = await running.api.submitDocument('agreement.md', createSampleDocument());
  await eventually('the turn has begun', async () => {
    const { rows } = await running.pool.query("select 1 from task_events where 'turn.started' = any(types)");
    return rows.length > 0;
  });
  return { running, taskId: task.id };
}

async function readState(running: System) {
  const { rows } = await running.pool.query<{ status: string; attempts: number; suspicion: number }>(
    'select h.status, t.attempts, t.suspicion from tasks t join task_heads h on h.task_id = t.id',
  );
  return rows[0];
}

async function terminate(running: System): Promise<{ ms: number; output: string }> {
  const [worker] = running.workers;
  if (!worker) throw new Error('no worker');
  const startedAt = performance.now();
  worker.kill('SIGTERM');
  await worker.exited;
  return { ms: performance.now() - startedAt, output: worker.output() };
}

describe('SIGTERM', () => {
  it('lets a turn end, hands the task back without attempt or suspicion, and another worker goes on from there', async () => {
    const { running, taskId } = await startSlowTask(20);
    const { ms, output } = await terminate(running);
    expect(output).not.toMatch(/shutdown failed|uncaught|unhandled/);
    expect(ms).toBeLessThan(GRACE_MS + 3_000);
    expect(await readState(running)).toEqual({ status: 'queued', attempts: 0, suspicion: 0 });
    await running.startWorker('second');
    const frames = await watchTask(running.api.eventsUrl(taskId), { key: running.api.key });
    await checkTaskLog(running.pool, taskId, frames);
    expect(frames.at(-1)?.type).toBe('task.completed');
    const turns = running.model.requests.filter((request) => request.path === '/v1/messages' && request.turn === 1);
    expect(turns).toHaveLength(1); // the turn that was let end is not asked for again
  });

  it('cuts a turn that outlasts the grace: void, handed back, no attempt, no suspicion', async () => {
    const { running, taskId } = await startSlowTask(1_000);
    const { ms } = await terminate(running);
    expect(ms).toBeGreaterThan(GRACE_MS - 500);
    expect(ms).toBeLessThan(GRACE_MS + 4_000);
    expect(await readState(running)).toEqual({ status: 'queued', attempts: 0, suspicion: 0 });
    await running.startWorker('second');
    const frames = await watchTask(running.api.eventsUrl(taskId), { key: running.api.key });
    await checkTaskLog(running.pool, taskId, frames);
    expect(frames.some((frame) => frame.type === 'turn.voided')).toBe(true);
  });

  it('ends in time although Redis hangs', async () => {
    const { running } = await startSlowTask(20, true);
    const pid = running.redis?.pid;
    if (pid === undefined) throw new Error('no Redis');
    process.kill(pid, 'SIGSTOP');
    const { ms } = await terminate(running).finally(() => process.kill(pid, 'SIGCONT'));
    expect(ms).toBeLessThan(GRACE_MS + 8_000);
    expect(await readState(running)).toEqual({ status: 'queued', attempts: 0, suspicion: 0 });
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { checkTaskLog } from '../support/check-task-log.ts';
import { watchTask } from '../support/event-stream.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let system: System | undefined;
let proxy: TcpProxy | undefined;
afterEach(async () => {
  await system?.stop();
  await proxy?.close();
  system = undefined;
  proxy = undefined;
});

async function startBehindProxy(): Promise<{ running: System; between: TcpProxy }> {
  let between: TcpProxy | undefined;
  const running = await startSystem({
    workers: 1,
    env: { NIGHTSHIFT_LEASE_MS: '3000' },
    async databaseUrlForWorkers(url) {
      const direct = new URL(url);
      between = await startTcpProxy({ host: direct.hostname, port: Number(direct.port) });
      direct.hostname = '127.0.0.1';
      direct.port = String(between.port);
      return direct.href;
    },
  });
  system = running;
  if (!between) throw new Error('no proxy');
  proxy = between;
  return { running, between };
}

describe('a reply of Postgres that never arrives', () => {
  it('to a claim: the task is handed back and runs once', async () => {
    const { running, between } = await startBehindProxy();
    const swallowed = between.swallowReplyTo('claim-tasks');
    const task = await running.api.submitDocument('agreement.md', createSampleDocument());
    await swallowed;
    const frames = await watchTask(running.api.eventsUrl(task.id), { key: running.api.key });
    await checkTaskLog(running.pool, task.id, frames);
    expect(frames.at(-1)?.type).toBe('task.completed');
    expect(frames.filter((frame) => /^task\.(started|resumed)$/.test(frame.type))).toHaveLength(2); // the lost and the real
    expect(frames.filter((frame) => frame.type === 'turn.started' && frame.data.data?.turn === 1)).toHaveLength(1);
  });

  it('to flushes: nothing runs twice, nothing is inserted twice, nothing hangs', async () => {
    const { running, between } = await startBehindProxy();
    const task = await running.api.submitDocument('agreement.md', createSampleDocument(3));
    let swallowedCount = 0;
    const watching = watchTask(running.api.eventsUrl(task.id), { key: running.api.key });
    let finished = false;
    const trapping = (async () => {
      while (!finished && swallowedCount < 8) {
        await Promise.race([between.swallowReplyTo('flush-tasks'), watching]);
        swallowedCount += 1;
      }
    })();
    const frames = await watching;
    finished = true;
    await trapping;
    await checkTaskLog(running.pool, task.id, frames);
    expect(frames.at(-1)?.type).toBe('task.completed');
    expect(swallowedCount).toBeGreaterThanOrEqual(3);
    const steps = await running.pool.query('select step_key from task_steps');
    expect(new Set(steps.rows.map((row: { step_key: string }) => row.step_key)).size).toBe(steps.rows.length);
    const epochs = new Set(frames.map((frame) => frame.data.epoch).filter((epoch) => epoch !== 0));
    expect([...epochs]).toEqual([1]); // the same epoch went on: a lost reply is not a takeover
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { type TaskId, toUuid } from '../../packages/domain/src/index.ts';
import { checkTaskLog } from '../support/check-task-log.ts';
import { watchTask } from '../support/event-stream.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';

let system: System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

describe('a worker that is paused until its task was taken over', () => {
  it('changes nothing when it wakes up: no event, step, result, artifact pointer or status', async () => {
    const running = await startSystem({ workers: 1, env: { NIGHTSHIFT_LEASE_MS: '2000' } });
    system = running;
    const zombie = running.workers[0];
    if (!zombie) throw new Error('no worker');
    running.speech.faults.add({ kind: 'slow', gapMs: 200 });
    const task = await running.api.submitDocument('agreement.md', createSampleDocument());
    let paused = false;
    const watching = watchTask(running.api.eventsUrl(task.id), {
      key: running.api.key,
      onFrame(frame) {
        if (paused || frame.type !== 'speech.audio') return;
        paused = true;
        zombie.kill('SIGSTOP');
        void running.startWorker('successor');
      },
    });
    const frames = await watching;
    expect(paused).toBe(true);
    await checkTaskLog(running.pool, task.id, frames);
    const before = await snapshot(running, task.id);
    expect(before.status).toBe('completed');

    zombie.kill('SIGCONT');
    await zombie.exited; // it finds its lease gone and leaves
    expect(zombie.output()).toMatch(/lease lost|fenced/);
    expect(await snapshot(running, task.id)).toEqual(before);
    const stolen = await running.pool.query(
      "select 1 from artifacts where task_id = $1 and status = 'completed' and epoch = 1",
      [toUuid(task.id as TaskId)],
    );
    expect(stolen.rows).toEqual([]);
  });
});

/** Everything that is visible about a task. */
async function snapshot(running: System, taskId: string) {
  const id = toUuid(taskId as TaskId);
  const all = async (sql: string) => (await running.pool.query(sql, [id])).rows;
  const [head] = await all('select status, epoch, next_seq, flush_no from task_heads where task_id = $1');
  return {
    ...(head as { status: string }),
    events: await all('select last_seq, epoch, payload from task_events where task_id = $1 order by last_seq'),
    steps: await all('select step_key, status, content, epoch from task_steps where task_id = $1 order by step_key'),
    tasks: await all('select result, usage, attempts, incarnation, finished_at from tasks where id = $1'),
    artifacts: await all('select id, status, bytes, sha256 from artifacts where task_id = $1 order by id'),
  };
}

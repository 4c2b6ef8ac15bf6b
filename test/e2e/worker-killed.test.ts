import { afterEach, describe, expect, it } from 'vitest';
import { checkTaskLog } from '../support/check-task-log.ts';
import { type ReceivedFrame, watchTask } from '../support/event-stream.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';

let system: System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

/** The process that runs the task, by the name it gave in its first event. */
function ownerOf(running: System, frames: readonly ReceivedFrame[]) {
  const start = frames.filter((frame) => frame.type === 'task.started' || frame.type === 'task.resumed').at(-1);
  const owner = running.workers.find((worker) => worker.name === start?.data.data?.worker);
  if (!owner) throw new Error('no owner');
  return owner;
}

describe('kill -9 of the worker', () => {
  it('in the middle of a turn: the task finishes elsewhere, the half turn is void, settled steps do not run again', async () => {
    const running = await startSystem({ workers: 2 });
    system = running;
    running.model.script.push({
      match: { turn: 2 },
      replies: [{ type: 'extractive', delivery: { delayBetweenChunksMs: 100 } }],
    });
    const task = await running.api.submitDocument('agreement.md', createSampleDocument());
    const seen: ReceivedFrame[] = [];
    let killedAt = 0;
    const frames = await watchTask(running.api.eventsUrl(task.id), {
      key: running.api.key,
      onFrame(frame) {
        seen.push(frame);
        if (killedAt === 0 && frame.type === 'text.delta' && frame.data.data?.turn === 2) {
          killedAt = performance.now();
          ownerOf(running, seen).kill('SIGKILL');
        }
      },
    });
    expect(killedAt).toBeGreaterThan(0);
    await checkTaskLog(running.pool, task.id, frames);
    expect((await running.api.task(task.id)).status).toBe('completed');

    const resumed = frames.findIndex((frame) => frame.type === 'task.resumed');
    expect(frames[resumed + 1]?.type).toBe('turn.voided');
    const range = frames[resumed + 1]?.data.data ?? {};
    expect(frames.find((frame) => frame.id === range.from)?.type).toBe('turn.started');
    expect(range.to).toBe(frames[resumed]?.id === undefined ? -1 : frames[resumed].id - 1);
    // The model is the witness: the settled first turn was asked for once, the half one twice.
    const turns = running.model.requests.filter((request) => request.path === '/v1/messages').map((r) => r.turn);
    expect(turns.filter((turn) => turn === 1)).toHaveLength(1);
    expect(turns.filter((turn) => turn === 2)).toHaveLength(2);
    expect(running.model.requests.every((request) => request.verdict.kind === 'well_formed')).toBe(true);
  });

  it('in the middle of a tool: the call runs again under the same id, everything settled before stays', async () => {
    const running = await startSystem({ workers: 2 });
    system = running;
    running.speech.faults.add({ kind: 'slow', gapMs: 150 });
    const task = await running.api.submitDocument('agreement.md', createSampleDocument());
    const seen: ReceivedFrame[] = [];
    let killed = false;
    const frames = await watchTask(running.api.eventsUrl(task.id), {
      key: running.api.key,
      onFrame(frame) {
        seen.push(frame);
        if (!killed && frame.type === 'speech.audio') {
          killed = true;
          ownerOf(running, seen).kill('SIGKILL');
        }
      },
    });
    expect(killed).toBe(true);
    await checkTaskLog(running.pool, task.id, frames);
    const done = await running.api.task(task.id);
    expect(done.status).toBe('completed');
    expect(frames.some((frame) => frame.type === 'turn.voided')).toBe(false);

    const requested = frames.filter((frame) => frame.type === 'tool.requested' && frame.data.data?.tool === 'speak');
    expect(requested).toHaveLength(2);
    expect(requested[0]?.data.data?.tool_use_id).toBe(requested[1]?.data.data?.tool_use_id);
    const reads = frames.filter(
      (frame) => frame.type === 'tool.requested' && frame.data.data?.tool === 'read_document',
    );
    expect(reads).toHaveLength(1);
    expect(running.speech.requests.filter((request) => request.status === 200)).toHaveLength(2);
    const { rows } = await running.pool.query<{ status: string }>('select status from artifacts order by id');
    expect(rows.map((row) => row.status)).toEqual(['uploading', 'completed']);
    const listed = await running.api.json<{ data: { status: string }[] }>('GET', `/v1/tasks/${task.id}/artifacts`);
    expect(listed.data.map((artifact) => artifact.status)).toEqual(['aborted', 'completed']); // nobody writes the first
    const audio = await running.api.request('GET', `/v1/artifacts/${done.result?.brief_artifact_id}/content`);
    expect(audio.status).toBe(200);
  });

  it('of both workers: a worker that starts later finishes what was begun', async () => {
    const running = await startSystem({ workers: 2, env: { NIGHTSHIFT_LEASE_MS: '3000' } });
    system = running;
    running.model.script.push({
      match: { turn: 1 },
      replies: [{ type: 'extractive', delivery: { delayBetweenChunksMs: 50 } }],
    });
    const task = await running.api.submitDocument('agreement.md', createSampleDocument());
    let killed = false;
    const watching = watchTask(running.api.eventsUrl(task.id), {
      key: running.api.key,
      onFrame(frame) {
        if (killed || frame.type !== 'turn.started') return;
        killed = true;
        for (const worker of running.workers) worker.kill('SIGKILL');
        void running.startWorker('late');
      },
    });
    const frames = await watching;
    expect(killed).toBe(true);
    await checkTaskLog(running.pool, task.id, frames);
    expect((await running.api.task(task.id)).status).toBe('completed');
  });
});

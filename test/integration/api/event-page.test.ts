import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventPageSchema } from '../../../apps/api/src/schemas/event.ts';
import { createId } from '../../../packages/domain/src/index.ts';
import { finishTask, logDelta, openEvents, playDeltas, submitTest } from './play-events.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await api.stop();
});

describe('GET /tasks/{id}/events as JSON', () => {
  it('pages through the log', async () => {
    const taskId = await submitTest(api);
    await finishTask(api, await playDeltas(api, taskId, 5));
    const seen: number[] = [];
    let after = 0;
    for (;;) {
      const response = await api.call('GET', `/tasks/${taskId}/events?limit=3&after=${after}`);
      const page = eventPageSchema.parse(await response.json());
      seen.push(...page.data.map((event) => event.sequence_number));
      after = page.next_after;
      expect(page.final).toBe(!page.has_more);
      if (!page.has_more) break;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('holds an empty page until something visible happens', async () => {
    const taskId = await submitTest(api);
    const played = await playDeltas(api, taskId, 0);
    const pending = api.call('GET', `/tasks/${taskId}/events?after=2&wait=10&types=tool.*`);
    await logDelta(api, played, 'not this');
    api.context.hub.publishNow([await played.flush([{ type: 'tool.started', data: { tool: 'speak' } }])]);
    expect(await (await pending).json()).toMatchObject({
      data: [{ type: 'tool.started', sequence_number: 4 }],
      next_after: 4,
    });
  });

  it('answers an empty page when the time is over', async () => {
    const response = await api.call('GET', `/tasks/${await submitTest(api)}/events?after=1&wait=1`);
    expect(await response.json()).toEqual({ data: [], has_more: false, next_after: 1, final: false });
  });

  it('knows nothing of a task that is not there', async () => {
    expect((await api.call('GET', `/tasks/${createId('task')}/events`)).status).toBe(404);
    expect((await openEvents(api, createId('task'))).status).toBe(404);
  });

  it('refuses what it cannot represent', async () => {
    const response = await api.call('GET', `/tasks/${await submitTest(api)}/events`, {
      headers: { accept: 'image/png' },
    });
    expect(response.status).toBe(406);
  });
});

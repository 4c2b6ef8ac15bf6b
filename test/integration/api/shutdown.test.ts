import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findFreePort } from '../../../packages/local/src/stack/choose-port.ts';
import { eventually } from '../../support/eventually.ts';
import { type Service, spawnService } from '../../support/spawn-service.ts';
import { openEvents, submitTest } from './play-events.ts';
import { readStream } from './read-stream.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;
let service: Service | undefined;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await service?.stop();
  await api.stop();
});

describe('SIGTERM', () => {
  it('ends an API process at once although a stream and a long poll are open', async () => {
    const port = await findFreePort();
    const process = spawnService('api', 'api', {
      DATABASE_URL: api.config.database.url,
      REDIS_URL: inject('redisUrl'),
      NIGHTSHIFT_REDIS_PREFIX: api.config.redis.prefix,
      PORT: String(port),
    });
    service = process;
    const url = `http://127.0.0.1:${port}`;
    await eventually('the process answers', async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok);
    const taskId = await submitTest(api);
    const headers = { authorization: `Bearer ${api.key}` };
    const stream = readStream(
      await fetch(`${url}/tasks/${taskId}/events`, { headers: { ...headers, accept: 'text/event-stream' } }),
    );
    await stream.next();
    const held = fetch(`${url}/tasks/${taskId}?wait=60`, { headers });
    // The poll is held when a second one, without a wait, was answered on the same process after it was sent.
    await fetch(`${url}/tasks/${taskId}`, { headers });
    const startedAt = performance.now();
    process.kill('SIGTERM');
    expect(await stream.rest()).toEqual([]);
    expect(stream.retries).toHaveLength(2);
    expect(await (await held).json()).toMatchObject({ id: taskId, status: 'queued' });
    await process.exited;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(process.output()).toContain('API stopped');
    // What it streamed is there for the next process.
    const next = readStream(await openEvents(api, taskId));
    expect((await next.next())?.id).toBe('1');
    await next.cancel();
  });
});

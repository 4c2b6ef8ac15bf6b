import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../../apps/api/src/routes/route-table.ts';
import { createFailure, createId, type IdPrefix } from '../../../packages/domain/src/index.ts';
import { playTask } from './play-task.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

/**
 * S30: every route that names a resource, with an id of ours, a foreign one and one of nobody. Made from the table of
 * routes, so that a new route is tested from its first day.
 */
let api: TestApi;
let foreignKey: string;
const ids: Partial<Record<IdPrefix, string>> = {};

beforeAll(async () => {
  api = await startTestApi();
  foreignKey = (await api.createKey()).key;
  const call = async (path: string, body: unknown) =>
    (await (await api.call('POST', path, { body })).json()) as { id: string };
  const file = await (await api.call('POST', '/files?name=a.txt', { body: 'content' })).json();
  ids.file = (file as { id: string }).id;
  ids.batch = (await call('/batches', { agent: 'test', requests: [{ custom_id: 'a', input: 1 }] })).id;
  const task = await call('/tasks', { agent: 'test', input: 1 });
  ids.task = task.id;
  ids.art = createId('art');
  ids.dl = createId('dl');
  const taskId = task.id as `task_${string}`;
  const played = await playTask(api.context.pool, taskId);
  const s3Key = `t/${taskId}/x`;
  const bytes = new TextEncoder().encode('bytes');
  await api.context.objects.put(s3Key, bytes, { mediaType: 'text/plain', ifAbsent: true });
  const usage = {
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_creation_tokens: 0,
    cost_usd: 0,
    turns: 0,
    tool_calls: 0,
  };
  await played.flush([{ type: 'task.failed', data: {} }], {
    artifacts: [
      {
        id: ids.art as `art_${string}`,
        run: 1,
        stepId: createId('step'),
        name: 'a',
        mediaType: 'text/plain',
        status: 'completed',
        bytes: 5,
        sha256: 'abc',
        s3Key,
        usable: true,
      },
    ],
    settlement: {
      to: 'failed',
      failure: createFailure('tool_failed', 'x'),
      usage,
      attempts: 1,
      history: [],
      deadLetter: { id: ids.dl as `dl_${string}`, reason: 'exhausted', retryStopped: 'max_attempts' },
    },
  });
});

afterAll(async () => {
  await api.stop();
});

function toPath(route: (typeof ROUTES)[number], choose: (prefix: IdPrefix) => string): string {
  return route.path.replaceAll(/:(\w+)/g, (_all, name: string) => choose(route.params?.[name] ?? 'req'));
}

const withIds = ROUTES.filter((route) => Object.keys(route.params ?? {}).length > 0);
/** What a deletion or a replay changes must not be needed by another route. */
const inOrder = [...withIds].sort((a, b) => Number(a.method !== 'get') - Number(b.method !== 'get'));

describe('a resource', () => {
  it.each(inOrder.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const))(
    'is not there for another tenant: %s',
    async (_name, route) => {
      const body = route.body ? { body: route.body.example ?? {} } : {};
      const own = toPath(route, (prefix) => ids[prefix] ?? `no ${prefix} was made for this test`);
      const foreign = await api.call(route.method.toUpperCase(), own, { key: foreignKey, ...body });
      const random = await api.call(
        route.method.toUpperCase(),
        toPath(route, (prefix) => createId(prefix)),
        body,
      );
      expect([foreign.status, random.status]).toEqual([404, 404]);
      const shapeOf = async (response: Response) => {
        const { request_id, instance, ...rest } = (await response.json()) as Record<string, unknown>;
        return rest;
      };
      expect(await shapeOf(foreign)).toEqual(await shapeOf(random));
      const mine = await api.call(route.method.toUpperCase(), own, body);
      await mine.body?.cancel();
      expect([200, 201, 202, 204, 409]).toContain(mine.status);
    },
  );

  it('needs a key on every route', async () => {
    for (const route of ROUTES) {
      const path = toPath(route, (prefix) => createId(prefix));
      const response = await api.call(route.method.toUpperCase(), path, { key: null });
      expect([route.path, response.status]).toEqual([route.path, 401]);
    }
  });

  it('does not appear in the lists of another tenant', async () => {
    for (const path of ['/tasks', '/batches', '/files', '/dead-letters']) {
      const response = await api.call('GET', path, { key: foreignKey });
      expect(await response.json()).toMatchObject({ data: [], has_more: false });
      const filtered = await api.call('GET', `/tasks?batch_id=${ids.batch}`, { key: foreignKey });
      expect(await filtered.json()).toMatchObject({ data: [] });
    }
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startEffectServer } from '../faults/agents/effect-server.ts';
import { watchTask } from '../support/event-stream.ts';
import { spawnService } from '../support/spawn-service.ts';
import { type System, startSystem } from '../support/start-system.ts';

const LAB_AGENTS = path.resolve(import.meta.dirname, '../faults/agents/lab-agents.mjs');

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function start(env: Record<string, string>, workers = 1): Promise<System> {
  const system = await startSystem({ workers, env });
  cleanups.push(() => system.stop());
  return system;
}

describe('NIGHTSHIFT_AGENTS_MODULE', () => {
  it('adds agents and tools to a worker, and the API accepts them by name', async () => {
    const effects = await startEffectServer({ file: path.join(await makeFolder(), 'effects.jsonl') });
    cleanups.push(() => effects.close());
    const system = await start({
      NIGHTSHIFT_AGENTS: 'lab',
      NIGHTSHIFT_AGENTS_MODULE: LAB_AGENTS,
      NIGHTSHIFT_EFFECTS_URL: effects.url,
    });
    system.model.script.push(
      {
        type: 'message',
        content: ['effect_keyed', 'effect_unsafe'].map((name, n) => ({ type: 'tool_use', name, input: { n } })),
      },
      { type: 'message', content: [{ type: 'text', text: 'Done.' }] },
    );
    const { id } = await system.api.submit({ prompt: 'Do it.' }, { agent: 'lab' });
    const frames = await watchTask(system.api.eventsUrl(id), { key: system.api.key });
    expect(frames.at(-1)?.type).toBe('task.completed');
    const calls = effects.calls();
    expect(calls.map((call) => call.tool).sort()).toEqual(['effect_keyed', 'effect_unsafe']);
    expect(calls.every((call) => call.taskId === id)).toBe(true);
    expect(new Set(calls.map((call) => call.idempotencyKey)).size).toBe(2);
  });

  it('that does not exist keeps the worker from starting, and it says why', async () => {
    const system = await start({}, 0);
    const worker = spawnService('worker', 'misled', { ...system.env, NIGHTSHIFT_AGENTS_MODULE: '/nowhere/agents.mjs' });
    cleanups.push(() => worker.stop());
    await worker.exited;
    expect(worker.output()).toContain('NIGHTSHIFT_AGENTS_MODULE cannot be loaded');
    expect(worker.output()).not.toContain('worker ready');
  });
});

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightshift-effects-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

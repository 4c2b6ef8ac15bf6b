import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toUuid } from '../../../packages/domain/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Scene, SceneOptions } from '../../support/agent-scene.ts';
import { call, PURE, probeTool, say } from '../../support/probe-tool.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const MB = 1_000_000;
const FREE = { input: 0, output: 0, cacheRead: 0, cacheCreation: 0 };

/** A task that calls a tool once a turn. The outputs hold nothing that Postgres could compress. */
async function runTurns(turns: number, outputBytes: number, rest: Partial<SceneOptions> = {}): Promise<Scene> {
  const random = createSeededRandom(7);
  const output = () =>
    Array.from({ length: outputBytes / 4 }, () =>
      Math.floor(random() * 36 ** 4)
        .toString(36)
        .padStart(4, '0'),
    ).join('');
  let asked = 0; // a request with pruned turns does not tell how many there were
  const scene = await harness.open({
    tools: [probeTool('act', () => output(), { annotations: PURE })],
    limits: { max_turns: turns + 1, max_tool_calls: turns },
    ...rest,
    script: () => (++asked <= turns ? call('act', [{ n: asked }]) : say('done')),
  });
  expect([await scene.run(), (await scene.task()).failure]).toEqual(['completed', undefined]);
  return scene;
}

/** Bytes of the rows of a task as text, without and with Postgres' compression, in its whole life and by half. */
async function measure(scene: Scene, turns: number) {
  const { rows } = await harness.pool.query<{ part: string; half: number; raw: number; stored: number }>(
    `select part, half, sum(octet_length(line)) as raw, sum(stored) as stored
     from (
       select 'steps' as part, case when s.turn <= $2 / 2 then 1 else 2 end as half, s::text as line,
         pg_column_size(s.*) as stored
       from task_steps s where s.task_id = $1
       union all
       select 'events', case when e.last_seq <= (select next_seq / 2 from task_heads h where h.task_id = $1) then 1 else 2 end,
         e::text, pg_column_size(e.*)
       from task_events e where e.task_id = $1
     ) r
     group by part, half`,
    [toUuid(scene.taskId), turns],
  );
  const sum = (key: 'raw' | 'stored', half?: number) =>
    rows.filter((row) => half === undefined || row.half === half).reduce((total, row) => total + Number(row[key]), 0);
  const steps = rows.filter((row) => row.part === 'steps').reduce((total, row) => total + Number(row.raw), 0);
  return { steps, raw: sum('raw'), stored: sum('stored'), first: sum('raw', 1), second: sum('raw', 2) };
}

describe('the journal', () => {
  it('of 100 tool calls of 5 KB stays under 2 MB, events included', async () => {
    const scene = await runTurns(100, 5_000);
    const size = await measure(scene, 100);
    expect(size.steps).toBeGreaterThan(0.5 * MB); // the outputs are really there
    expect(size.raw).toBeLessThan(2 * MB);
    expect(size.stored).toBeLessThan(2 * MB);
    expect(size.second / size.first).toBeLessThan(1.2);
  });

  it('grows by as much in the second half of a task as in the first, though every request leaves out more', async () => {
    const findInfo = () => ({ contextWindowTokens: 5_000, maxOutputTokens: 1_000, price: FREE });
    const scene = await runTurns(160, 240, { contextWindowTokens: 5_000, provider: { findInfo } });
    const size = await measure(scene, 160);
    const events = await scene.events();
    expect(events.filter((event) => event.type === 'context.pruned').length).toBeGreaterThan(60);
    expect(size.second / size.first).toBeLessThan(1.03);
  }, 60_000);
});

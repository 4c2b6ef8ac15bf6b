import { z } from 'zod';
import type { ActiveTasks } from '../../../apps/worker/src/active-tasks.ts';
import { type AgentDeps, defineAgent } from '../../../packages/agent/src/index.ts';
import { createLocalBreakers } from '../../../packages/resilience/src/index.ts';
import { createToolRegistry } from '../../../packages/tools/src/index.ts';
import { createEffectTools } from './effect-tools.ts';
import type { World } from './world.ts';

/** What runs tasks in one simulated process: its own tools, and the agent that uses them. */
export function createSimAgent(world: World, active: ActiveTasks, pool: AgentDeps['pool']): AgentDeps {
  const { time, dice, log, metrics } = world;
  const tools = createEffectTools({ ...world, epochOf: (taskId) => active.get(taskId)?.epoch ?? 0 });
  const agent = defineAgent({
    name: 'tester',
    version: '1',
    model: 'local-extractive-1',
    instructions: 'You are simulated.',
    tools,
    inputSchema: z.object({ task: z.string(), seed: z.number() }),
    toPrompt: ({ task, seed }) => `${task} ${seed}`,
  });
  return {
    pool,
    toolPool: pool,
    agents: new Map([[agent.name, agent]]),
    tools: createToolRegistry(tools),
    model: world.model,
    objectStore: {} as AgentDeps['objectStore'],
    breakers: createLocalBreakers({ now: () => time.dateMs }),
    log,
    metrics,
    random: dice.random,
    now: () => time.dateMs,
  };
}

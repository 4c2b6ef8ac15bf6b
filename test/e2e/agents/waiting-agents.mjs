// An agent that asks people, waits and holds still, loaded into real workers by NIGHTSHIFT_AGENTS_MODULE.
import { defineAgent } from '@nightshift/agent';
import { defineTool } from '@nightshift/tools';
import { z } from 'zod';

export function createAgents({ tools, models }) {
  const hold = defineTool({
    name: 'hold',
    description: 'Holds still for some time, unless it is told to stop.',
    version: '1',
    inputSchema: z.object({ ms: z.number() }),
    outputSchema: z.object({ held_by: z.number() }),
    execute: (input, context) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => resolve({ held_by: process.pid }), input.ms);
        context.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(context.signal.reason);
        });
      }),
  });
  const agent = defineAgent({
    name: 'waiter',
    version: '1',
    model: models,
    instructions: 'Do what the script says.',
    tools: [hold, ...tools.filter((tool) => tool.name === 'ask_human' || tool.name === 'wait_until')],
    inputSchema: z.object({ prompt: z.string() }),
    toPrompt: (input) => input.prompt,
  });
  return { agents: [agent], tools: [hold] };
}

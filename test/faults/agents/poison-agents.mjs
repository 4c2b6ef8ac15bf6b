// Tools that harm the process they run in, loaded into real workers by NIGHTSHIFT_AGENTS_MODULE. Each writes a line with
// its process to a file before it does so: that file, and not the database, says which processes ran what.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { defineAgent } from '@nightshift/agent';
import { defineTool } from '@nightshift/tools';
import { z } from 'zod';

const LOG = process.env.NIGHTSHIFT_POISON_LOG ?? '';

const HARMS = {
  async behave(input) {
    await new Promise((resolve) => setTimeout(resolve, input.ms ?? 0));
  },
  async kill_self() {
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  },
  async exit_politely() {
    process.exit(0);
  },
  async bomb_heap() {
    const hoard = [];
    for (;;) {
      hoard.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
      if (hoard.length % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  },
  async block(input) {
    const end = Date.now() + input.ms;
    while (Date.now() < end);
  },
  async block_once(input) {
    if (existsSync(`${LOG}.blocked`)) return;
    writeFileSync(`${LOG}.blocked`, '');
    await HARMS.block(input);
  },
  async leak_rejection() {
    setTimeout(() => Promise.reject(new Error('nobody waits for me')), 20);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
};

const READ_ONLY = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const UNSAFE = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false };

export function createAgents({ models }) {
  const tools = [
    ...Object.entries(HARMS).map(([name, harm]) => createHarm(name, harm, READ_ONLY)),
    createHarm('kill_self_unsafe', HARMS.kill_self, UNSAFE),
  ];
  const agent = defineAgent({
    name: 'poison',
    version: '1',
    model: models,
    instructions: 'Do what the script says.',
    tools,
    inputSchema: z.object({ prompt: z.string() }),
    toPrompt: (input) => input.prompt,
    limits: { max_turns: 50, max_tool_calls: 100 },
  });
  return { agents: [agent], tools };
}

function createHarm(name, harm, annotations) {
  return defineTool({
    name,
    description: `Does ${name}.`,
    version: '1',
    inputSchema: z.object({ ms: z.number().optional() }),
    outputSchema: z.object({ pid: z.number() }),
    annotations,
    timeoutMs: { hard: 120_000 },
    async execute(input, context) {
      appendFileSync(LOG, `${JSON.stringify({ tool: name, pid: process.pid, taskId: context.task.id })}\n`);
      await harm(input);
      return { pid: process.pid };
    },
  });
}

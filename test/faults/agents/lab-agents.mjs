// Agents and tools of the fault laboratory, loaded into real workers by NIGHTSHIFT_AGENTS_MODULE. Every tool does one
// thing: it tells the effect server, which writes it down. Plain JavaScript, because Node 20 runs no TypeScript.
import { defineAgent } from '@nightshift/agent';
import { defineTool, FatalToolError } from '@nightshift/tools';
import { z } from 'zod';

const EFFECTS_URL = process.env.NIGHTSHIFT_EFFECTS_URL ?? '';

/** By name of the tool: what it declares about being repeated. */
const EFFECTS = {
  effect_pure: { annotations: { readOnlyHint: true, destructiveHint: false } },
  effect_keyed: { annotations: { destructiveHint: false, idempotentHint: true } },
  effect_unsafe: { annotations: { destructiveHint: true } },
  effect_verifiable: { annotations: { destructiveHint: true }, verify: askEffectServer },
  write_row: { effect: 'transaction' },
};

const inputSchema = z.object({
  n: z.number().describe('Number of the call.'),
  delayMs: z.number().optional().describe('Waits before the effect.'),
  fail: z.boolean().optional().describe('Fails for good after the effect.'),
});

export function createAgents({ tools, models }) {
  const effects = Object.entries(EFFECTS).map(([name, declared]) => createEffectTool(name, declared));
  const granted = [...effects, ...tools.filter((tool) => tool.name === 'speak' || tool.name === 'compose_music')];
  const lab = defineAgent({
    name: 'lab',
    version: '1',
    model: models,
    instructions: 'You are tested. Do what the script says.',
    tools: granted,
    inputSchema: z.object({ prompt: z.string() }),
    toPrompt: (input) => input.prompt,
    limits: { max_turns: 20, max_tool_calls: 100 },
  });
  return { agents: [lab], tools: effects };
}

function createEffectTool(name, declared) {
  return defineTool({
    name,
    description: `Has the effect ${name}.`,
    version: '1',
    inputSchema,
    outputSchema: z.object({ done: z.number() }),
    ...declared,
    timeoutMs: { hard: 30_000 },
    async execute(input, context) {
      if (input.delayMs) await wait(input.delayMs, context.signal);
      await context.progress({ done: 0, total: 1 });
      if (declared.effect === 'transaction') await writeEffect(context);
      else await callEffectServer(name, input, context);
      if (input.fail) throw new FatalToolError('The effect was had, and failed.');
      return { done: input.n };
    },
  });
}

/** An effect in a table of the tool's own, which the laboratory makes. */
async function writeEffect(context) {
  await context.transaction((db) =>
    db.query('insert into lab_effects (task_id, tool_use_id) values ($1::text, $2::text)', [
      context.task.id,
      context.toolUseId,
    ]),
  );
}

async function askEffectServer(key, input, context) {
  const response = await fetch(`${EFFECTS_URL}/?key=${encodeURIComponent(key)}`, { signal: context.signal });
  if (!response.ok) throw new Error(`effect server: ${response.status}`);
  const { count } = await response.json();
  return count > 0 ? { kind: 'happened', output: { done: input.n } } : { kind: 'did_not_happen' };
}

async function callEffectServer(tool, input, context) {
  const response = await fetch(EFFECTS_URL, {
    method: 'POST',
    signal: context.signal,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      tool,
      taskId: context.task.id,
      toolUseId: context.toolUseId,
      callId: context.callId,
      idempotencyKey: context.idempotencyKey,
      input,
    }),
  });
  if (!response.ok) throw new Error(`effect server: ${response.status}`);
}

function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

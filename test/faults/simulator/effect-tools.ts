import { z } from 'zod';
import { type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { defineTool, type Tool, type ToolAnnotations, type ToolContext } from '../../../packages/tools/src/index.ts';
import type { Dice } from './dice.ts';
import type { History } from './history.ts';
import type { SimDatabase } from './sim-database.ts';
import { answerOf } from './task-script.ts';
import type { VirtualTime } from './virtual-time.ts';

/**
 * One tool of every effect class. Its effect is a line in the ledger, outside of everything that can crash; when it
 * happens, the journal must have known of it before.
 */
export function createEffectTools(deps: {
  time: VirtualTime;
  dice: Dice;
  database: SimDatabase;
  history: History;
  epochOf(taskId: TaskId): number;
}): Tool[] {
  const { time, dice } = deps;
  const create = (name: string, annotations: ToolAnnotations) =>
    defineTool({
      name,
      version: '1',
      description: `The effect ${name}.`,
      inputSchema: z.object({ n: z.number() }),
      outputSchema: z.string(),
      annotations,
      toModelOutput: ({ output }) => output,
      async execute({ n }, context) {
        await time.sleep(dice.between(0.5, 60), '');
        recordEffect(deps, name, context, deps.epochOf(context.task.id));
        await time.sleep(dice.chance(0.2) ? dice.between(50, 1_500) : dice.between(0.5, 60), '');
        return answerOf(name, n);
      },
    });
  return [
    create('look', { readOnlyHint: true }),
    create('charge', { idempotentHint: true }),
    create('send', { idempotentHint: false }),
  ];
}

function recordEffect(
  { time, database, history }: { time: VirtualTime; database: SimDatabase; history: History },
  tool: string,
  context: ToolContext,
  epoch: number,
): void {
  const taskId = context.task.id;
  const steps = database.tables.steps.get(toUuid(taskId)) ?? [];
  const intent = steps.findLast((step) => step.step_key.endsWith(`:${context.toolUseId}`));
  const at = time.now;
  time.note(`${time.owner().name}: ${tool} ${context.toolUseId} of ${taskId} happens`);
  history.effects.push({ taskId, toolUseId: context.toolUseId, tool, key: context.idempotencyKey, epoch, at });
  if (!intent) history.problems.push(`${tool} ${context.toolUseId} of ${taskId} happened without a journaled intent`);
  else if (intent.idempotency_key !== context.idempotencyKey) {
    history.problems.push(`${tool} ${context.toolUseId} of ${taskId} happened under a key the journal does not have`);
  }
}

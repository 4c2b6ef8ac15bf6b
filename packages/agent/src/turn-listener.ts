import type { TurnListener } from '@nightshift/model';
import type { TurnCall } from './call-model.ts';
import type { TaskRun } from './task-run.ts';

/** Sends a reply to the client while it arrives. A full buffer of the task slows the model's stream down. */
export function createTurnListener(run: TaskRun, call: TurnCall): TurnListener {
  const { turn, stepId } = call;
  return {
    onText: (block, text) => run.log.emit({ type: 'text.delta', stepId, data: { turn, block, text } }),
    onTextEnd: (block, text) => run.log.emit({ type: 'text.completed', stepId, data: { turn, block, text } }),
    onThinking: (block, text) => run.log.emit({ type: 'thinking.delta', stepId, data: { turn, block, text } }),
    onThinkingEnd: (block) => run.log.emit({ type: 'thinking.completed', stepId, data: { turn, block } }),
  };
}

import { addUsage, createId } from '@nightshift/domain';
import type { ModelReply } from '@nightshift/model';
import { countReply, toReplyUsage } from './reply-usage.ts';
import type { StartedTurn, TaskRun } from './task-run.ts';

/**
 * Gives up a reply that was received whole and cannot be used: announced as void, but paid for, so that the journal counts
 * it and no crash makes the budget forget it (I12). Its key and position name the how-manieth it is, before its turn.
 */
export async function discardReply(run: TaskRun, turn: StartedTurn, reply: ModelReply): Promise<void> {
  const usage = toReplyUsage(run, reply);
  const number = ++run.conversation.discardedReplies;
  run.conversation.usage = addUsage(run.conversation.usage, usage);
  countReply(run, reply);
  await run.log.append({
    steps: [
      {
        id: createId('step'),
        run: run.task.run,
        stepKey: `t${turn.turn}~${number}`,
        turn: turn.turn,
        position: -number,
        kind: 'turn',
        name: reply.model,
        status: 'void',
        attempts: 1,
        usage,
        startedAt: turn.startedAt,
      },
    ],
  });
  await run.log.voidOpenTurn();
}

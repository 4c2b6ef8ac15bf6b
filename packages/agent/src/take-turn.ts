import { addUsage, createId, failWith } from '@nightshift/domain';
import type { ModelReply } from '@nightshift/model';
import { askWithinLimits } from './ask-within-limits.ts';
import { checkAnswer } from './check-answer.ts';
import { discardReply } from './discard-reply.ts';
import { countReply, toReplyUsage } from './reply-usage.ts';
import type { StartedTurn, TaskRun } from './task-run.ts';
import { toSignalsSeen } from './turn-groups.ts';
import { toTurnRecord } from './turn-record.ts';

/** How often a model may correct an answer that does not match the agent's output schema. */
const MAX_CORRECTIONS = 2;

/**
 * Takes the next turn: streams the reply, journals it whole. A reply that was not received to its end leaves nothing
 * behind. The turn is part of the conversation then; it is durable before anything that follows is.
 */
export async function takeTurn(run: TaskRun): Promise<void> {
  const turn: StartedTurn = {
    turn: (run.conversation.turns.at(-1)?.turn ?? 0) + 1,
    stepId: createId('step'),
    startedAt: new Date(run.deps.now()),
  };
  await run.log.drain(); // what was paid for is durable before more is bought
  const reply = await askWithinLimits(run, turn);
  const problem = findProblem(run, reply);
  if (problem !== undefined && countCorrections(run) >= MAX_CORRECTIONS) {
    await discardReply(run, turn, reply); // a resumed run asks for it again
    throw failWith('agent_output_invalid', `The answer does not match the output schema: ${problem}.`);
  }
  await journalTurn(run, turn, reply, problem === undefined ? undefined : toFeedback(problem));
}

async function journalTurn(
  run: TaskRun,
  { turn, stepId, startedAt }: StartedTurn,
  reply: ModelReply,
  feedback?: string,
) {
  const usage = { ...toReplyUsage(run, reply), turns: 1 };
  const record = toTurnRecord(reply, feedback, toSignalsSeen(run.conversation));
  run.conversation.turns.push({ turn, record, tools: new Map() });
  run.conversation.usage = addUsage(run.conversation.usage, usage);
  countReply(run, reply);
  await run.log.append({
    events: [
      {
        type: 'turn.completed',
        stepId,
        data: {
          turn,
          model: reply.model,
          stop_reason: reply.stopReason,
          tool_calls: reply.toolCalls.length,
          usage,
          time_to_first_token_ms: reply.timeToFirstTokenMs && Math.round(reply.timeToFirstTokenMs),
          request_id: reply.requestId,
        },
      },
    ],
    steps: [
      {
        id: stepId,
        run: run.task.run,
        stepKey: `t${turn}`,
        turn,
        position: 0,
        kind: 'turn',
        name: reply.model,
        status: 'done',
        content: JSON.stringify(record),
        attempts: 1,
        usage,
        startedAt,
      },
    ],
    openTurn: null,
    clearSuspicion: run.probation.noteStep(),
    progress: JSON.stringify({ turn, phase: 'tools', usage: run.conversation.usage }),
  });
}

/** What is wrong with a final answer; undefined when it is none, or good. */
function findProblem(run: TaskRun, reply: ModelReply): string | undefined {
  if (reply.stopReason !== 'end_turn' && reply.stopReason !== 'stop_sequence') return undefined;
  const answer = checkAnswer(run.agent, toTurnRecord(reply));
  return answer.kind === 'invalid' ? answer.problem : undefined;
}

function countCorrections(run: TaskRun): number {
  return run.conversation.turns.filter(({ record }) => record.feedback !== undefined).length;
}

function toFeedback(problem: string): string {
  return `Your answer cannot be used: ${problem}. Answer again with only the JSON object that was asked for.`;
}

import { AGENT_INPUTS } from '@nightshift/agent';
import { assertNever, type ReplayMode, type StepId, type TaskId } from '@nightshift/domain';
import {
  listReplayedSteps,
  openTransaction,
  type Queryable,
  type ReplayAnswer,
  type ReplayRequest,
  replayTask,
} from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { refuse } from '../http/refuse.ts';
import type { Caller, Reply } from '../http/route.ts';
import { toReplayPlan } from '../resources/to-replay-plan.ts';
import type { ReplayAnswerResource, ReplayPlan } from '../schemas/replay.ts';

export interface ReplayOrder {
  taskId: TaskId;
  run: number | undefined;
  mode: ReplayMode;
  stepId: StepId | undefined;
  dryRun: boolean;
  reason: string | undefined;
}

/** Of agents that this process does not know the worker decides, when it claims the task. */
const JOURNAL_VERSIONS: Readonly<Record<string, number>> = Object.fromEntries(
  [...AGENT_INPUTS].map(([name, { journalVersion }]) => [name, journalVersion]),
);

/** Replays a task and says so to readers and workers; undefined when the tenant has no such task. */
export async function replay(context: ApiContext, caller: Caller, order: ReplayOrder): Promise<Reply | undefined> {
  const { taskId, mode, stepId, dryRun } = order;
  const { tenantId, keyId: actor } = caller;
  const request = { ...order, tenantId, actor, journalVersions: JOURNAL_VERSIONS };
  const { answer, plan } = dryRun ? await tryReplay(context, request) : await makeReplay(context.pool, request);
  if (!answer) return undefined;
  const headers = { Location: `/v1/tasks/${taskId}` };
  const toBody = (run: number, repeated: boolean): ReplayAnswerResource => ({
    task_id: taskId,
    run,
    mode,
    from_step: stepId ?? null,
    repeated,
    dry_run: dryRun,
    ...(plan ? { plan } : {}),
  });
  switch (answer.kind) {
    case 'replayed':
      if (dryRun) return { status: 200, headers, body: toBody(answer.run, false) };
      context.hub.publishNow([answer.events]);
      void context.queue.enqueue([answer.delivery]);
      return { status: 202, headers, body: toBody(answer.run, false) };
    case 'same':
      return { status: 200, headers, body: toBody(answer.run, true) };
    default:
      throw refuse('conflict', explain(answer));
  }
}

interface Replayed {
  answer: ReplayAnswer | undefined;
  plan?: ReplayPlan;
}

async function makeReplay(db: Queryable, request: ReplayRequest): Promise<Replayed> {
  return { answer: await replayTask(db, request) };
}

/** Makes the replay, looks at it and takes it back: a dry run is refused for whatever the replay would be. */
async function tryReplay({ pool }: ApiContext, request: ReplayRequest): Promise<Replayed> {
  const transaction = await openTransaction(pool);
  try {
    const answer = await replayTask(transaction.db, request);
    if (answer?.kind !== 'replayed') return { answer };
    const steps = await listReplayedSteps(transaction.db, request.taskId, answer.run);
    return { answer, plan: toReplayPlan(steps) };
  } finally {
    await transaction.rollBack();
  }
}

function explain(answer: Exclude<ReplayAnswer, { kind: 'replayed' | 'same' }>): string {
  switch (answer.kind) {
    case 'not_final':
      return `The task is ${answer.status}: only a task that is over can be replayed.`;
    case 'ahead':
      return `The task has ${answer.run} runs; there is none with this number yet.`;
    case 'otherwise':
      return `That run was replayed already, by "${answer.mode}" or from another step.`;
    case 'no_such_step':
      return `The journal of run ${answer.run} has no such step.`;
    case 'journal_gone':
      return 'The journal was removed by retention: the task can only be replayed with the mode "restart".';
    case 'journal_version':
      return 'The deployed agent cannot continue this journal: the task can only be replayed with the mode "restart".';
    default:
      return assertNever(answer, 'answer to a replay');
  }
}

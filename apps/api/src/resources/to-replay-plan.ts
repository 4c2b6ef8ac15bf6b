import type { ReplayedStep } from '@nightshift/store';
import type { ReplayPlan } from '../schemas/replay.ts';

const MAX_STEPS_SHOWN = 100;

/** What a replay would keep of the journal, and what would run again. */
export function toReplayPlan(steps: readonly ReplayedStep[]): ReplayPlan {
  const isSettled = (step: ReplayedStep) => step.status === 'done' || step.status === 'unknown';
  const kept = steps.filter((step) => step.kept && isSettled(step));
  const dropped = steps.filter((step) => !step.kept);
  const again = steps.filter((step) => !step.kept || !isSettled(step));
  return {
    kept: count(kept),
    dropped: count(dropped),
    unsettled: again.length - dropped.length,
    again: again.slice(0, MAX_STEPS_SHOWN).map((step) => ({
      step_id: step.id,
      step_key: step.stepKey,
      kind: step.kind,
      name: step.name,
      status: step.status,
      effect_class: step.effectClass ?? null,
    })),
  };
}

function count(steps: readonly ReplayedStep[]): { turns: number; tool_calls: number } {
  return {
    turns: steps.filter((step) => step.kind === 'turn').length,
    tool_calls: steps.filter((step) => step.kind === 'tool').length,
  };
}

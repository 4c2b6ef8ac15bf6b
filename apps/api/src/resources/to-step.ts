import type { StepSummary } from '@nightshift/store';
import type { Step } from '../schemas/step.ts';
import { toTime } from './to-time.ts';

export function toStep(row: StepSummary): Step {
  return {
    id: row.id,
    step_key: row.stepKey,
    run: row.run,
    turn: row.turn,
    position: row.position,
    kind: row.kind,
    name: row.name,
    status: row.status,
    effect_class: row.effectClass ?? null,
    attempts: row.attempts,
    elapsed_ms: row.finishedAt === undefined ? null : Math.max(0, row.finishedAt.getTime() - row.startedAt.getTime()),
    usage: row.usage ?? null,
    failure: row.failure ?? null,
    epoch: row.epoch,
    started_at: row.startedAt.toISOString(),
    finished_at: toTime(row.finishedAt),
  };
}

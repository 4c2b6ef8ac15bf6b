import { type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import type { Effect } from './history.ts';
import type { Step } from './sql/tables.ts';
import type { World } from './world.ts';

/** What each call did, compared with what the journal knows of it (I7, I8). The journal is not asked what happened. */
export function checkEffects(world: World): string[] {
  const { history, database } = world;
  const byCall = new Map<string, Effect[]>();
  for (const effect of history.effects) {
    const key = `${effect.taskId} ${effect.toolUseId}`;
    byCall.set(key, [...(byCall.get(key) ?? []), effect]);
  }
  const problems = [...byCall].flatMap(([call, effects]) => checkCall(world, call, effects));
  for (const taskId of world.taskIds) {
    for (const step of database.tables.steps.get(toUuid(taskId)) ?? []) {
      if (step.kind === 'tool') problems.push(...checkStep(step, byCall.get(`${taskId} ${toolUseIdOf(step)}`) ?? []));
    }
  }
  return problems;
}

function checkCall(world: World, call: string, effects: readonly Effect[]): string[] {
  const [first] = effects;
  if (!first) return [];
  const problems: string[] = [];
  const steps = world.database.tables.steps.get(toUuid(first.taskId as TaskId)) ?? [];
  const own = steps.filter((step) => toolUseIdOf(step) === first.toolUseId);
  if (first.tool === 'send' && effects.length > 1)
    problems.push(`${call}: an unsafe effect happened ${effects.length} times`);
  if (new Set(effects.map(({ key }) => key)).size > 1) problems.push(`${call}: one call used several keys`);
  const epochs = effects.map(({ epoch }) => epoch).filter((epoch) => epoch > 0);
  if (new Set(epochs).size < epochs.length) problems.push(`${call}: happened twice in one epoch`);
  const settled = own.find((step) => step.status === 'done' || step.status === 'unknown');
  const later = settled && effects.find((effect) => effect.epoch > settled.epoch);
  if (later) problems.push(`${call}: was settled in epoch ${settled.epoch} and happened again in ${later.epoch}`);
  return problems;
}

function checkStep(step: Step, effects: readonly Effect[]): string[] {
  if (step.status === 'done' && step.failure === null && effects.length === 0)
    return [`${step.step_key} has a result and never happened`];
  if (step.status === 'unknown' && step.name !== 'send')
    return [`${step.step_key} is unknown and could have been repeated`];
  return [];
}

function toolUseIdOf(step: Step): string {
  return step.step_key.slice(step.step_key.indexOf(':') + 1);
}

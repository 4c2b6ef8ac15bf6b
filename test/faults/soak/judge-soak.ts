import { type AcceptedTask, checkAcceptance } from '../checkers/check-acceptance.ts';
import { checkAgreement, digestFrames } from '../checkers/check-agreement.ts';
import { checkArtifacts } from '../checkers/check-artifacts.ts';
import { checkEffects, type EffectCounts } from '../checkers/check-effects.ts';
import type { PatientClient } from '../lab/patient-client.ts';
import type { Lab } from '../lab/start-lab.ts';
import { openTranscript, watchIntoTranscript } from '../lab/stream-client.ts';
import type { TrackedTask } from './tracked-task.ts';

/** Asks for so many at once. */
const LANES = 8;
/** Logs that are read once more, and artifacts that are fetched, at the end. */
const MAX_REREADS = 300;
const MAX_ARTIFACTS = 100;

/** Every checker over what the witnesses have, after everything is over. */
export async function judgeSoak(
  lab: Lab,
  client: PatientClient,
  tasks: readonly TrackedTask[],
): Promise<{ violations: string[]; effects: EffectCounts }> {
  const violations = tasks.flatMap((task) => [...task.problems, ...checkOutcome(task)]);
  const accepted: AcceptedTask[] = [];
  await inLanes(tasks, async (task) => {
    const answer = await client.request<{ status: string }>('GET', `/v1/tasks/${task.id}`, { signal: soon() });
    const status = answer.status === 200 ? answer.body.status : undefined;
    accepted.push({ id: task.id, status, lastEvent: task.lastEvent });
  });
  violations.push(...checkAcceptance(accepted));
  await inLanes(takeEvenly(tasks, MAX_REREADS), async (task) => {
    const again = openTranscript(task.id);
    const { apiUrls } = lab.fleet;
    const habit = { kind: 'steady' as const };
    await watchIntoTranscript(again, {
      apiUrls,
      key: lab.key,
      taskId: task.id,
      habit,
      random: Math.random,
      signal: soon(),
    });
    violations.push(...checkAgreement(task.id, [task.digest ?? '', digestFrames(again.frames)]));
  });
  const withArtifacts = tasks.filter((task) => task.kept.some(({ type }) => type === 'artifact.completed'));
  await inLanes(takeEvenly(withArtifacts, MAX_ARTIFACTS), async (task) => {
    violations.push(...(await checkArtifacts(task.kept, (id) => client.fetchArtifact(id))));
  });
  const effects = checkEffects(lab.effects.calls(), new Map(tasks.map((task) => [task.id, task.kept])));
  violations.push(...effects.problems, ...client.serverErrors, ...lab.fleet.unexpectedExits);
  return { violations, effects: effects.counts };
}

/** What this task should have come to, by what its client did. */
function checkOutcome({ id, label, cancel, lastEvent, isDoomed, replays }: TrackedTask): string[] {
  if (cancel?.status === 202 && lastEvent !== 'task.cancelled')
    return [`${id}: cancel was accepted, and then ${lastEvent}`];
  if (cancel?.status !== 202 && lastEvent === 'task.cancelled') return [`${id}: cancelled, and nobody was told`];
  if (lastEvent === 'task.cancelled') return [];
  if (isDoomed && replays === 0 && lastEvent !== 'task.failed')
    return [`${id}: ${lastEvent} although its model refused it`];
  if (!isDoomed || replays > 0)
    return lastEvent === 'task.completed' ? [] : [`${id} (${label}): innocent, and ${lastEvent}`];
  return [];
}

const soon = () => AbortSignal.timeout(60_000);

function takeEvenly<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, list.length / count);
  return Array.from({ length: Math.min(count, list.length) }, (_, index) => list[Math.floor(index * step)] as T);
}

async function inLanes<T>(list: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...list];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

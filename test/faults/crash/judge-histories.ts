import type { RecordedRequest } from '../../../packages/local/src/model/server/request-log.ts';
import { checkAcceptance } from '../checkers/check-acceptance.ts';
import { checkAgreement, digestFrames } from '../checkers/check-agreement.ts';
import { checkArtifacts } from '../checkers/check-artifacts.ts';
import { checkEffects } from '../checkers/check-effects.ts';
import { checkMessages } from '../checkers/check-messages.ts';
import { checkOwnRows, type OwnRow } from '../checkers/check-own-rows.ts';
import { checkTranscript } from '../checkers/check-transcript.ts';
import { checkVerifiedEffects } from '../checkers/check-verified-effects.ts';
import { readLabel } from '../lab/lab-plan.ts';
import { openTranscript, watchIntoTranscript } from '../lab/stream-client.ts';
import type { Lane } from './open-lane.ts';
import type { TaskHistory } from './scenarios.ts';

const DEADLINE_MS = 20_000;

/**
 * Asks every witness about the tasks of a run: the client that followed, one that reads afterwards, the model, the effect
 * server, whoever fetches the artifacts, whoever submits the same once more. Returns what does not fit together.
 */
export async function judgeHistories(
  lane: Lane,
  histories: readonly TaskHistory[],
  options: { wasFrozen: boolean },
): Promise<string[]> {
  const problems: string[] = [];
  for (const history of histories) {
    const { taskId, transcript, allowed } = history;
    const { frames } = transcript;
    const last = frames.at(-1)?.type;
    if (last === undefined || !allowed.test(last)) problems.push(`${taskId}: ended with ${last}`);
    const status = await readStatus(lane, taskId);
    problems.push(...checkAcceptance([{ id: taskId, status, lastEvent: last }]));
    problems.push(...checkTranscript(taskId, frames));
    problems.push(...checkAgreement(taskId, [digestFrames(frames), digestFrames(await reread(lane, taskId))]));
    problems.push(...(await checkArtifacts(frames, (id) => lane.client.fetchArtifact(id))));
    const again = await history.resubmit();
    if (again !== taskId) problems.push(`${taskId}: submitted again it became ${again}`);
  }
  const byTask = new Map(histories.map(({ taskId, transcript }) => [taskId, transcript.frames]));
  const labels = new Set(histories.map(({ label }) => label));
  const effects = lane.effects.calls().filter((effect) => byTask.has(effect.taskId));
  problems.push(...checkEffects(effects, byTask).problems);
  if (!options.wasFrozen) problems.push(...checkVerifiedEffects(effects));
  problems.push(...checkOwnRows(await readOwnRows(lane, [...byTask.keys()]), byTask));
  const requests = lane.system.model.requests.filter((request) => labels.has(findLabel(request) ?? ''));
  problems.push(...checkMessages(requests, findLabel));
  return problems;
}

async function readOwnRows(lane: Lane, taskIds: readonly string[]): Promise<OwnRow[]> {
  const { rows } = await lane.system.pool.query<{ task_id: string; tool_use_id: string }>(
    'select task_id, tool_use_id from lab_effects where task_id = any($1::text[])',
    [taskIds],
  );
  return rows.map((row) => ({ taskId: row.task_id, toolUseId: row.tool_use_id }));
}

async function readStatus(lane: Lane, taskId: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const answer = await lane.client.request<{ status: string }>('GET', `/v1/tasks/${taskId}`, { signal });
  return answer.status === 200 ? answer.body.status : undefined;
}

async function reread(lane: Lane, taskId: string) {
  const transcript = openTranscript(taskId);
  const { baseUrl, key } = lane.system.api;
  const { frames } = transcript;
  const signal = AbortSignal.timeout(DEADLINE_MS);
  await watchIntoTranscript(transcript, {
    apiUrls: [baseUrl],
    key,
    taskId,
    habit: { kind: 'steady' },
    random: lane.random,
    signal,
  });
  return frames;
}

function findLabel(request: RecordedRequest): string | undefined {
  const body = request.body as { messages?: { content: { text?: string }[] | string }[] } | null;
  const content = body?.messages?.[0]?.content ?? '';
  return readLabel(typeof content === 'string' ? content : content.map(({ text }) => text ?? '').join('\n'));
}

import { setMaxListeners } from 'node:events';
import type { ReceivedFrame } from '../../support/event-stream.ts';
import { eventually } from '../../support/eventually.ts';
import { createSampleDocument } from '../../support/sample-document.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { checkAcceptance } from '../checkers/check-acceptance.ts';
import { checkAgreement, digestFrames } from '../checkers/check-agreement.ts';
import { checkArtifacts } from '../checkers/check-artifacts.ts';
import { checkEffects } from '../checkers/check-effects.ts';
import { checkMessages } from '../checkers/check-messages.ts';
import { checkTranscript } from '../checkers/check-transcript.ts';
import { drawPlan, findLabel, toPrompt } from './lab-plan.ts';
import { PatientClient } from './patient-client.ts';
import type { Lab } from './start-lab.ts';
import { isFinal, openTranscript, type Transcript, watchIntoTranscript } from './stream-client.ts';

const TASKS = 12;
const CUT_CLIENTS = 3;
const DEADLINE_MS = 90_000;
/** Frames of the batch after which the fault begins: everything is under way, nothing is over. */
const FRAMES_BEFORE_FAULT = 40;

/** What happens to the batch while it runs. */
export interface Fault {
  /** Numbers of GUARANTEES.md section 2. */
  readonly ids: string;
  readonly name: string;
  /** Part of `npm test`; the others run in `npm run faults`. */
  readonly inSample?: boolean;
  /** Resolves when it is over; what lasts is taken back by `lab.heal` afterwards. */
  inject(lab: Lab, batch: RunningBatch): Promise<void>;
}

/** The batch as its clients see it while it runs. */
export interface RunningBatch {
  readonly id: string;
  readonly taskIds: readonly string[];
  /** Every event that any of its clients was given so far. */
  readonly seen: readonly ReceivedFrame[];
  readonly client: PatientClient;
  /** Waits until an event of these types was seen once more. */
  next(...types: string[]): Promise<ReceivedFrame>;
}

export interface Outcome {
  /** What is wrong, by whoever saw it; empty when all is well. */
  violations: string[];
  tasks: number;
  statuses: Record<string, number>;
  /** Events that clients were given, connections they lost. */
  events: number;
  cuts: number;
}

/**
 * Submits a batch of twelve tasks with tools, watches it with clients of which three are cut at random, lets the fault
 * happen in the middle, and asks every witness afterwards. Postgres is not asked.
 */
export async function runBatchUnderFault(lab: Lab, fault: Fault, seed: number): Promise<Outcome> {
  const random = createSeededRandom(seed);
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const timer = setTimeout(() => abort.abort(), DEADLINE_MS);
  const { signal } = abort;
  const client = new PatientClient({ apiUrls: lab.fleet.apiUrls, key: lab.key, random });
  const firstRequest = lab.model.requests.length;
  const firstExit = lab.fleet.unexpectedExits.length;
  const { id, taskIds } = await submitBatch(client, `${fault.ids.replaceAll(' ', '-')}-${seed}`, random, signal);
  const seen: ReceivedFrame[] = [];
  const transcripts = taskIds.map((taskId) => openTranscript(taskId));
  const watching = transcripts.map((transcript, index) =>
    watchIntoTranscript(transcript, {
      apiUrls: lab.fleet.apiUrls,
      key: lab.key,
      taskId: transcript.taskId,
      habit: index < CUT_CLIENTS ? { kind: 'cut', probability: 0.1 } : { kind: 'steady' },
      random,
      signal,
      onFrame: (frame) => void seen.push(frame),
    }),
  );
  await eventually('the batch to be under way', () => seen.length >= FRAMES_BEFORE_FAULT);
  const next = (...types: string[]) => {
    const from = seen.length;
    return eventually(types.join(' or '), () => seen.slice(from).find((frame) => types.includes(frame.type)));
  };
  try {
    await fault.inject(lab, { id, taskIds, seen, client, next });
  } finally {
    await lab.heal();
  }
  await Promise.all(watching);
  clearTimeout(timer);
  const statuses = await readStatuses(client, taskIds);
  return {
    violations: [
      ...(await judge(lab, { client, transcripts, statuses, random })),
      ...checkMessages(lab.model.requests.slice(firstRequest), findLabel),
      ...client.serverErrors,
      ...lab.fleet.unexpectedExits.slice(firstExit),
    ],
    tasks: taskIds.length,
    statuses: countBy([...statuses.values()]),
    events: transcripts.reduce((sum, { frames }) => sum + frames.length, 0),
    cuts: transcripts.reduce((sum, { cuts }) => sum + cuts, 0),
  };
}

async function judge(
  lab: Lab,
  end: { client: PatientClient; transcripts: Transcript[]; statuses: Map<string, string>; random: () => number },
): Promise<string[]> {
  const { client, transcripts, statuses, random } = end;
  const accepted = transcripts.map(({ taskId, frames }) => {
    return { id: taskId, status: statuses.get(taskId), lastEvent: frames.at(-1)?.type };
  });
  const problems = checkAcceptance(accepted);
  for (const { taskId, frames } of transcripts) {
    const again = await reread(lab, taskId, random);
    problems.push(...checkTranscript(taskId, frames));
    problems.push(...checkAgreement(taskId, [digestFrames(frames), digestFrames(again.frames)]));
    problems.push(...(await checkArtifacts(frames, (id) => client.fetchArtifact(id))));
  }
  const byTask = new Map(transcripts.map(({ taskId, frames }) => [taskId, frames]));
  const own = lab.effects.calls().filter((effect) => byTask.has(effect.taskId));
  return [...problems, ...checkEffects(own, byTask).problems];
}

/** A document with speech, two pieces of music, and nine tasks whose tools have effects of every class. */
async function submitBatch(client: PatientClient, label: string, random: () => number, signal: AbortSignal) {
  const upload = await client.request<{ id: string }>('POST', `/v1/files?name=${label}.md`, {
    body: createSampleDocument(1),
    headers: { 'content-type': 'text/markdown' },
    signal,
  });
  const requests = Array.from({ length: TASKS }, (_, index) => {
    const name = `${label}-${index}`;
    if (index === TASKS - 1) {
      const input = { file_id: upload.body.id, name: `${name}.md`, media_type: 'text/markdown' };
      return { custom_id: name, agent: 'document-analyst', input };
    }
    return { custom_id: name, input: { prompt: toPrompt(drawPlan(name, random, { music: index % 6 === 1 })) } };
  });
  const batch = await client.request<{ id: string }>('POST', '/v1/batches', {
    body: { agent: 'lab', name: label, requests },
    headers: { 'idempotency-key': `${label}-${process.pid}-${Date.now()}` },
    signal,
  });
  if (batch.status !== 202) throw new Error(`the batch was not accepted: ${JSON.stringify(batch.body)}`);
  const items = await client.request<{ data: { task_id: string }[] }>('GET', `/v1/batches/${batch.body.id}/items`, {
    signal,
  });
  return { id: batch.body.id, taskIds: items.body.data.map((item) => item.task_id) };
}

async function reread(lab: Lab, taskId: string, random: () => number): Promise<Transcript> {
  const transcript = openTranscript(taskId);
  await watchIntoTranscript(transcript, {
    apiUrls: lab.fleet.apiUrls,
    key: lab.key,
    taskId,
    habit: { kind: 'steady' },
    random,
    signal: AbortSignal.timeout(20_000),
  });
  return isFinal(transcript.frames.at(-1)) ? transcript : openTranscript(taskId);
}

async function readStatuses(client: PatientClient, taskIds: readonly string[]): Promise<Map<string, string>> {
  const statuses = new Map<string, string>();
  for (const id of taskIds) {
    const answer = await client.request<{ status: string }>('GET', `/v1/tasks/${id}`, {
      signal: AbortSignal.timeout(20_000),
    });
    if (answer.status === 200) statuses.set(id, answer.body.status);
  }
  return statuses;
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

import { toPrompt } from '../lab/lab-plan.ts';
import { isFinal, openTranscript, type Transcript, watchIntoTranscript } from '../lab/stream-client.ts';
import type { Lane } from './open-lane.ts';

/** Of one run: the time for everything, faults and takeovers included. */
const DEADLINE_MS = 60_000;
const CUT_PROBABILITY = 0.03;
const RETRY_MS = 100;

/** What became of one task, as its client saw it. */
export interface TaskHistory {
  readonly label: string;
  readonly taskId: string;
  readonly transcript: Transcript;
  /** Final events it may end with. */
  readonly allowed: RegExp;
  /** The same submission once more: names the same task (I2). */
  resubmit(): Promise<string>;
}

/** Something a client does, from the submission to the end. Labels are unique, so that every witness can tell runs apart. */
export interface Scenario {
  readonly name: string;
  run(lane: Lane, label: string): Promise<TaskHistory[]>;
}

type Turns = { tool: string; input: Record<string, unknown> }[][];

const ONE_CALL: Turns = [[{ tool: 'effect_keyed', input: { n: 1 } }]];
const EVERY_CLASS: Turns = [
  [
    { tool: 'effect_pure', input: { n: 1 } },
    { tool: 'effect_keyed', input: { n: 2 } },
    { tool: 'effect_unsafe', input: { n: 3 } },
    { tool: 'effect_keyed', input: { n: 4 } },
  ],
  [
    { tool: 'effect_unsafe', input: { n: 5 } },
    { tool: 'effect_verifiable', input: { n: 6 } },
    { tool: 'write_row', input: { n: 7 } },
  ],
];
const SPEECH: Turns = [[{ tool: 'speak', input: { text: 'Nothing is lost.' } }]];
/** Long enough to be cancelled in the middle. */
const SLOW_CALL: Turns = [
  [
    { tool: 'effect_keyed', input: { n: 1, delayMs: 150 } },
    { tool: 'effect_unsafe', input: { n: 2, delayMs: 150 } },
  ],
];
const BATCH_SIZE = 5;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'plain', run: async (lane, label) => [await runOne(lane, label, ONE_CALL)] },
  { name: 'parallel-tools', run: async (lane, label) => [await runOne(lane, label, EVERY_CLASS)] },
  { name: 'speech', run: async (lane, label) => [await runOne(lane, label, SPEECH)] },
  { name: 'cancel', run: async (lane, label) => [await runCancelled(lane, label)] },
  { name: 'batch', run: runBatch },
  { name: 'replay', run: async (lane, label) => [await runReplayed(lane, label)] },
];

async function runOne(lane: Lane, label: string, turns: Turns): Promise<TaskHistory> {
  const history = await submit(lane, label, turns, /^task\.completed$/);
  await watch(lane, history.transcript);
  return history;
}

async function runCancelled(lane: Lane, label: string): Promise<TaskHistory> {
  const history = await submit(lane, label, SLOW_CALL, /^task\.(?:completed|cancelled)$/);
  let cancelling: Promise<unknown> | undefined;
  await watch(lane, history.transcript, (type) => {
    if (type === 'tool.requested') cancelling ??= askUntilAnswered(lane, `/v1/tasks/${history.taskId}/cancel`);
  });
  await cancelling;
  return history;
}

async function runBatch(lane: Lane, label: string): Promise<TaskHistory[]> {
  const labels = Array.from({ length: BATCH_SIZE }, (_, index) => `${label}.${index}`);
  const requests = labels.map((name) => ({
    custom_id: name,
    input: { prompt: toPrompt({ label: name, turns: ONE_CALL }) },
  }));
  const create = () =>
    request<{ id: string }>(lane, 'POST', '/v1/batches', { agent: 'lab', name: label, requests }, label);
  const batch = await create();
  const items = await request<{ data: { task_id: string; custom_id: string }[] }>(
    lane,
    'GET',
    `/v1/batches/${batch.id}/items`,
  );
  if (items.data.length !== BATCH_SIZE) throw new Error(`a batch of ${BATCH_SIZE} has ${items.data.length} tasks (I3)`);
  const histories = items.data.map(({ task_id: taskId, custom_id: name }): TaskHistory => {
    const resubmit = async () => ((await create()).id === batch.id ? taskId : 'another batch');
    return { label: name, taskId, transcript: openTranscript(taskId), allowed: /^task\.completed$/, resubmit };
  });
  await Promise.all(histories.map((history) => watch(lane, history.transcript)));
  return histories;
}

/** The model refuses, the task becomes a dead letter, somebody mends the model and replays it. */
async function runReplayed(lane: Lane, label: string): Promise<TaskHistory> {
  lane.refused.add(label);
  const history = await submit(lane, label, ONE_CALL, /^task\.completed$/);
  await watch(lane, history.transcript);
  lane.refused.delete(label);
  if (history.transcript.frames.at(-1)?.type !== 'task.failed') return history;
  await askUntilAnswered(lane, `/v1/tasks/${history.taskId}/replay`, { run: 1, reason: 'mended' });
  await watch(lane, history.transcript);
  return history;
}

async function submit(lane: Lane, label: string, turns: Turns, allowed: RegExp): Promise<TaskHistory> {
  const body = { agent: 'lab', input: { prompt: toPrompt({ label, turns }) } };
  const create = async () => (await request<{ id: string }>(lane, 'POST', '/v1/tasks', body, label)).id;
  const taskId = await create();
  return { label, taskId, transcript: openTranscript(taskId), allowed, resubmit: create };
}

/** Follows the task to its next final event, over cuts of its own and those of others. */
async function watch(lane: Lane, transcript: Transcript, onType?: (type: string) => void): Promise<void> {
  const seen = transcript.frames.length;
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const url = lane.system.api;
  do {
    await watchIntoTranscript(transcript, {
      apiUrls: [url.baseUrl],
      key: url.key,
      taskId: transcript.taskId,
      habit: { kind: 'cut', probability: CUT_PROBABILITY },
      random: lane.random,
      signal,
      onFrame: (frame) => onType?.(frame.type),
    });
  } while (!signal.aborted && !(transcript.frames.length > seen && isFinal(transcript.frames.at(-1))));
}

async function request<T>(lane: Lane, method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const answer = await lane.client.request<T>(method, path, {
    ...(body === undefined ? {} : { body }),
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** For requests where 409 is an answer: the task may be over. */
async function askUntilAnswered(lane: Lane, path: string, body: unknown = {}): Promise<void> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  while (!signal.aborted) {
    const answer = await lane.client.ask<unknown>('POST', path, body);
    if (answer && answer.status < 500) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new Error(`POST ${path}: no answer in time`);
}

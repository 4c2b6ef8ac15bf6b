import { createSampleDocument } from '../../support/sample-document.ts';
import type { PatientClient } from '../lab/patient-client.ts';
import { createRequestSource, type SoakRequest } from './draw-request.ts';
import { openTask, type TrackedTask, trackTask, type WatchDeps } from './tracked-task.ts';

export interface WorkloadDeps extends WatchDeps {
  client: PatientClient;
  /** Tasks under way at any time. */
  openTasks: number;
  /** Labels that the model refuses; whoever replays a task takes its label off. */
  doomed: Set<string>;
  onFinished(task: TrackedTask): void;
}

/** Tasks without end: each that is over is followed by another. */
export interface Workload {
  readonly tasks: readonly TrackedTask[];
  readonly batches: number;
  /** Rejects when a submit was answered in a way that ends everything; never resolves. */
  readonly failed: Promise<never>;
  /** No more submits from now on; resolves when all that was accepted is over. */
  drain(): Promise<void>;
}

const MAX_BATCH = 8;
const CANCEL_SHARE = 0.1;

export function startWorkload(deps: WorkloadDeps): Workload {
  const { client, random, signal } = deps;
  const tasks: TrackedTask[] = [];
  const running = new Set<Promise<void>>();
  let open = 0;
  let batches = 0;
  let isDraining = false;
  const source = createRequestSource(deps);
  const accept = (id: string, label: string) => {
    const task = openTask({ id, label, isDoomed: deps.doomed.has(label) });
    tasks.push(task);
    const cancelling = random() < CANCEL_SHARE ? cancelLater(deps, task) : undefined;
    const afterEnd = (ended: TrackedTask) => replay(deps, ended);
    const watching = trackTask(task, { ...deps, clients: random() < 0.5 ? 1 : 2, afterEnd });
    const done = Promise.all([watching, cancelling]).then(() => {
      open -= 1;
      deps.onFinished(task);
    });
    running.add(done);
    void done.finally(() => running.delete(done));
  };
  const submit = async () => {
    const size = random() < 0.05 ? 2 + Math.floor(random() * (MAX_BATCH - 1)) : 1;
    const requests = Array.from({ length: size }, () => source.draw());
    open += size;
    if (size > 1) batches += 1;
    const accepted = await submitRequests(deps, requests);
    for (const [index, id] of accepted.entries()) accept(id, requests[index]?.label ?? '');
  };
  const keepFull = async () => {
    const upload = await client.request<{ id: string }>('POST', '/v1/files?name=soak.md', {
      body: createSampleDocument(1),
      headers: { 'content-type': 'text/markdown' },
      signal,
    });
    source.setDocument(upload.body.id);
    const lanes = Array.from({ length: 6 }, async () => {
      while (!isDraining && !signal.aborted) {
        if (open < deps.openTasks) await submit();
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await Promise.all(lanes);
  };
  const submitting = keepFull();
  const failed = new Promise<never>((_resolve, reject) => submitting.catch(reject));
  failed.catch(() => undefined); // whoever waits for it is told
  return {
    tasks,
    failed,
    get batches() {
      return batches;
    },
    async drain() {
      isDraining = true;
      await submitting;
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** With keys of their own, so that a lost answer costs nothing. A batch of one is sent as a task. */
async function submitRequests({ client, signal }: WorkloadDeps, requests: readonly SoakRequest[]): Promise<string[]> {
  const headers = { 'idempotency-key': `soak-${requests[0]?.label}` };
  const [first] = requests;
  if (first && requests.length === 1) {
    const body = { agent: first.agent, input: first.input };
    const answer = await client.request<{ id: string }>('POST', '/v1/tasks', { body, headers, signal });
    if (answer.status !== 202) throw new Error(`a task was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return [answer.body.id];
  }
  const body = {
    agent: 'lab',
    requests: requests.map(({ label, agent, input }) => ({ custom_id: label, agent, input })),
  };
  const answer = await client.request<{ id: string }>('POST', '/v1/batches', { body, headers, signal });
  if (answer.status !== 202) throw new Error(`a batch was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const path = `/v1/batches/${answer.body.id}/items`;
  const items = await client.request<{ data: { task_id: string }[] }>('GET', path, { signal });
  if (items.body.data.length !== requests.length) {
    throw new Error(`a batch of ${requests.length} has ${items.body.data.length} tasks`);
  }
  return items.body.data.map((item) => item.task_id);
}

async function cancelLater({ client, random, signal }: WorkloadDeps, task: TrackedTask): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, random() * 4_000));
  const askedAtMs = Date.now();
  while (!signal.aborted) {
    const answer = await client.ask('POST', `/v1/tasks/${task.id}/cancel`, { reason: 'soak' });
    if (answer && (answer.status === 202 || answer.status === 409 || answer.status === 200)) {
      task.cancel = { askedAtMs, status: answer.status };
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A dead letter is replayed, by two operators at once: one new run. Returns whether there is more to watch. */
async function replay({ client, doomed }: WorkloadDeps, task: TrackedTask): Promise<boolean> {
  if (!task.isDoomed || task.lastEvent !== 'task.failed' || task.replays > 0) return false;
  doomed.delete(task.label);
  for (let tries = 0; tries < 50; tries++) {
    const ask = () => client.ask('POST', `/v1/tasks/${task.id}/replay`, { reason: 'soak' });
    const answers = await Promise.all([ask(), ask()]);
    if (answers.some((answer) => answer !== undefined && answer.status < 300)) {
      task.replays += 1;
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

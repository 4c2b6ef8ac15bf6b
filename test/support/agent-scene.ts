import { expect } from 'vitest';
import { z } from 'zod';
import {
  type Agent,
  type AgentDefinition,
  type AgentDeps,
  CancelRequestedError,
  defineAgent,
  type EpochEnd,
  runTask,
} from '../../packages/agent/src/index.ts';
import {
  type Incarnation,
  type Json,
  type Limits,
  type TaskId,
  type TenantId,
  toUuid,
} from '../../packages/domain/src/index.ts';
import type { Flusher } from '../../packages/eventlog/src/index.ts';
import { type ModelServerOptions, startModelServer } from '../../packages/local/src/model/server/start-model-server.ts';
import { type AnthropicProviderOptions, createAnthropicProvider } from '../../packages/model/src/index.ts';
import { createLocalBreakers } from '../../packages/resilience/src/index.ts';
import {
  cancelTasks,
  claimTasks,
  findDeadLetter,
  findTask,
  type Pool,
  type ReplayRequest,
  readEvents,
  readSteps,
  releaseTasks,
  replayTask,
  wakeDueTasks,
} from '../../packages/store/src/index.ts';
import { createToolRegistry, type Tool } from '../../packages/tools/src/index.ts';
import { eventually } from './eventually.ts';
import { insertQueuedTask } from './insert-queued-task.ts';
import { registerTestWorker } from './register-test-worker.ts';

const CLAIM_TIMEOUT_MS = 5_000;

export interface SceneOptions extends Omit<ModelServerOptions, 'admin' | 'port'> {
  tools?: readonly Tool[];
  /** Tools that exist on the worker and are not granted to the agent. */
  otherTools?: readonly Tool[];
  agent?: Partial<AgentDefinition>;
  input?: Json;
  limits?: Limits;
  deadlineMs?: number;
  provider?: Partial<AnthropicProviderOptions>;
  /** What tools reach the database through; the pool of everybody else unless given. */
  toolPool?: Pool;
  /** Share of every backoff that is really waited; 0 retries at once. */
  random?: number;
}

/** One epoch under way. */
export interface Epoch {
  readonly epoch: number;
  readonly outcome: Promise<EpochEnd>;
  /** Everything stops as if the process had died: nothing more is written. Hands the task back as the rescuer would. */
  crash(): Promise<void>;
  shutdown(): void;
  stop(reason: Error): void;
}

export interface LoggedEvent {
  seq: number;
  type: string;
  epoch: number;
  data: Record<string, Json | undefined>;
}

export type Scene = Awaited<ReturnType<typeof openScene>>;

/** What the scenes of one test file share. */
export type World = Pick<AgentDeps, 'pool' | 'metrics' | 'objectStore' | 'log'> & { flusher: Flusher };

/** A task of its own with its model server, tools and agent; it runs when the test says so. */
export async function openScene(world: World, options: SceneOptions) {
  const { pool } = world;
  const server = await startModelServer({ streamDelayMs: 0, ...options });
  const clock = { aheadMs: 0 };
  const deps = createDeps(world, options, { modelUrl: server.url, now: () => Date.now() + clock.aheadMs });
  const incarnation = await registerTestWorker(pool);
  const { taskId, tenantId } = await insertQueuedTask(pool, { agent: 'tester', input: options.input ?? {} });
  await pool.query(
    `update tasks set limits = $2, deadline_at = now() + make_interval(secs => $3::float / 1000) where id = $1`,
    [toUuid(taskId), JSON.stringify(options.limits ?? {}), options.deadlineMs ?? null],
  );
  const running = new Set<Epoch>();
  const start = () => startEpoch(world, { deps, taskId, incarnation, running });

  return {
    taskId,
    tenantId,
    server,
    clock,
    deps,
    breakers: deps.breakers,
    start,
    /** One epoch to its settlement. */
    async run() {
      return (await start()).outcome;
    },
    /** Epochs until the task is final; waits are over at once. */
    async runToEnd() {
      for (let epochs = 1; ; epochs++) {
        const kind = await (await start()).outcome;
        if ((await findTaskOrFail(pool, tenantId, taskId)).finishedAt !== undefined) return { kind, epochs };
        if (epochs > 20) throw new Error('the task does not end');
        await wake(pool, taskId);
      }
    },
    wake: () => wake(pool, taskId),
    /** Hands the task to whoever claims it next, as the rescuer does; the epoch that runs does not hear of it. */
    takeOver: () =>
      releaseTasks(
        pool,
        [...running].map(({ epoch }) => ({ taskId, epoch })),
      ),
    task: () => findTaskOrFail(pool, tenantId, taskId),
    steps: async () => readSteps(pool, taskId, (await findTaskOrFail(pool, tenantId, taskId)).run),
    events: () => readLog(pool, taskId),
    /** As the API does: in the database, then pushed to the worker (a push may get lost). */
    async cancel({ push = true } = {}) {
      const request = { tenantId, taskIds: [taskId], force: false, reason: undefined, actor: 'test' };
      const verdict = (await cancelTasks(pool, request))[0]?.verdict;
      if (push && verdict === 'requested') for (const epoch of running) epoch.stop(new CancelRequestedError('pushed'));
      return verdict;
    },
    replay: (how: Partial<ReplayRequest> = {}) =>
      replayTask(pool, { tenantId, taskId, run: undefined, mode: 'resume', reason: undefined, actor: 'test', ...how }),
    async deadLetter() {
      const { deadLetterId } = await findTaskOrFail(pool, tenantId, taskId);
      return deadLetterId && findDeadLetter(pool, tenantId, deadLetterId);
    },
    /** Bodies of the requests the model server got, oldest first. */
    requests: () => server.requests.map((request) => request.body as SentRequest),
    malformedRequests: () => server.requests.filter((r) => r.verdict.kind === 'malformed').map((r) => r.verdict),
    async close() {
      for (const epoch of running) await epoch.crash();
      await server.close();
    },
  };
}

async function startEpoch(
  { pool, flusher }: World,
  scene: { deps: AgentDeps; taskId: TaskId; incarnation: Incarnation; running: Set<Epoch> },
): Promise<Epoch> {
  const { deps, taskId, incarnation, running } = scene;
  // A flush of the epoch before may still hold the head: it is asked for again, as the worker does.
  const task = await eventually(
    'the task can be claimed',
    async () => (await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'test' }))[0],
    CLAIM_TIMEOUT_MS,
  );
  const stopping = new AbortController();
  const shutdown = new AbortController();
  const stop = (reason: Error) => stopping.abort(reason); // a second abort changes nothing
  const log = flusher.open({
    taskId,
    epoch: task.epoch,
    onCancelRequested: () => stop(new CancelRequestedError('cancel requested')),
  });
  log.lastSeq = task.events.lastSeq;
  const outcome = runTask(deps, { task, log, signal: stopping.signal, shutdown: shutdown.signal }).finally(() => {
    flusher.close(log);
    running.delete(epoch);
  });
  outcome.catch(() => undefined);
  const epoch: Epoch = {
    epoch: task.epoch,
    outcome,
    stop,
    shutdown: () => shutdown.abort(),
    async crash() {
      flusher.close(log);
      await eventually('the task is handed back', () => handBack(pool, taskId, task.epoch), CLAIM_TIMEOUT_MS);
    },
  };
  running.add(epoch);
  return epoch;
}

/** A flush that was under way at the crash may hold the head, or have ended the epoch: false asks for another look. */
async function handBack(pool: Pool, taskId: TaskId, epoch: number): Promise<boolean> {
  if ((await releaseTasks(pool, [{ taskId, epoch }])).length > 0) return true;
  const { rows } = await pool.query('select 1 from task_heads where task_id = $1 and epoch = $2 and status = $3', [
    toUuid(taskId),
    epoch,
    'running',
  ]);
  return rows.length === 0;
}

export interface SentRequest {
  model: string;
  max_tokens: number;
  messages: { role: string; content: Record<string, unknown>[] }[];
}

function createDeps(world: World, options: SceneOptions, at: { modelUrl: string; now: () => number }): AgentDeps {
  const tools = options.tools ?? [];
  const agent: Agent = defineAgent({
    name: 'tester',
    version: '1',
    model: 'local-extractive-1',
    instructions: 'You are tested.',
    tools,
    inputSchema: z.unknown(),
    toPrompt: (input) => `Do it: ${JSON.stringify(input)}`,
    ...options.agent,
  } as AgentDefinition);
  return {
    ...world,
    toolPool: options.toolPool ?? world.pool,
    agents: new Map([[agent.name, agent]]),
    tools: createToolRegistry([...tools, ...(options.otherTools ?? [])]),
    model: createAnthropicProvider({ apiKey: 'test', baseUrl: at.modelUrl, ...options.provider }),
    breakers: createLocalBreakers({ now: at.now }),
    random: () => options.random ?? 0,
    now: at.now,
  };
}

async function findTaskOrFail(pool: Pool, tenantId: TenantId, taskId: TaskId) {
  const row = await findTask(pool, tenantId, taskId);
  if (!row) throw new Error('no such task');
  return row;
}

async function wake(pool: Pool, taskId: TaskId): Promise<void> {
  await pool.query('update tasks set wake_at = now() where id = $1 and wake_at is not null', [toUuid(taskId)]);
  await wakeDueTasks(pool, 100);
}

/** The whole log of the task, checked: dense numbers from 1, epochs that never go back, one final event a run, last. */
async function readLog(pool: Pool, taskId: TaskId): Promise<LoggedEvent[]> {
  const rows = await readEvents(pool, taskId, 0, 100_000);
  const events = rows.flatMap((row) =>
    row.payload.split('\n').map((line, index) => {
      const parsed = JSON.parse(line) as { type: string; epoch: number; data: LoggedEvent['data'] };
      return { seq: row.firstSeq + index, type: parsed.type, epoch: parsed.epoch, data: parsed.data };
    }),
  );
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.map((event) => event.epoch)).toEqual(events.map((event) => event.epoch).sort((a, b) => a - b));
  return events;
}

/** Text as a client has it that drops what was declared void. */
export function keptText(events: readonly LoggedEvent[]): string {
  const voids = events.filter((event) => event.type === 'turn.voided').map((event) => event.data);
  return events
    .filter((event) => event.type === 'text.delta')
    .filter(({ seq }) => !voids.some((range) => Number(range.from) <= seq && seq <= Number(range.to)))
    .map((event) => String(event.data.text))
    .join('');
}

import {
  createId,
  fromUuid,
  isFinal,
  type TaskId,
  type TenantId,
  toEventLine,
} from '../../../packages/domain/src/index.ts';
import { createEventHub, type EventHub } from '../../../packages/eventlog/src/index.ts';
import {
  cancelTasks,
  findIdempotentAnswer,
  findTaskHead,
  insertTask,
  type Pool,
  replayTask,
} from '../../../packages/store/src/index.ts';
import { publishCancel, type RedisConnections } from '../../../packages/streams/src/index.ts';
import { SimProcess } from './sim-process.ts';
import { QUERY_TIMEOUT_MS } from './timing.ts';
import type { World } from './world.ts';

const ROUTE = 'POST /v1/tasks';

/** What a client asks for when it submits; the same key again is the same request again. */
export interface Submit {
  key: string;
  /** The script of the task. */
  seed: number;
  deadlineMs: number | undefined;
}

/** An API process: the product's queries and its event hub, without HTTP around them. */
export class SimApi {
  readonly process: SimProcess;
  readonly hub: EventHub;
  readonly #world: World;
  readonly #tenantId: TenantId;
  readonly #pool: Pool;
  readonly #redis: RedisConnections;

  constructor(world: World, name: string, tenantId: TenantId) {
    this.process = new SimProcess(name);
    this.#world = world;
    this.#tenantId = tenantId;
    this.#pool = world.database.openPool(QUERY_TIMEOUT_MS);
    this.#redis = world.redis.connect(this.process);
    const { log, metrics } = world;
    this.hub = world.time.enter(this.process, () =>
      createEventHub({ pool: this.#pool, redis: this.#redis, log, metrics }),
    );
  }

  /** Resolves with the id of the task once it is accepted; rejects when that is unknown. */
  async submit({ key, seed, deadlineMs }: Submit): Promise<TaskId> {
    const { dice, time, queue } = this.#world;
    const id = fromUuid('task', dice.uuid());
    const createdAt = new Date();
    const queued = toEventLine({ type: 'task.queued', data: {} }, 0, createdAt);
    const task = {
      id,
      tenantId: this.#tenantId,
      agent: 'tester',
      input: { task: id, seed },
      priority: 0,
      tags: [],
      metadata: {},
      limits: {},
      deadlineAt: deadlineMs === undefined ? undefined : new Date(time.dateMs + deadlineMs),
      notBefore: undefined,
      traceparent: undefined,
      createdAt,
      queued,
    };
    const scope = { tenantId: this.#tenantId, route: ROUTE, key };
    const answer = { ...scope, fingerprint: key, status: 202, body: { id } };
    const inserted = await insertTask(this.#pool, task, answer);
    if (inserted) {
      queue
        .open()
        .enqueue(inserted.deliveries)
        .catch(() => undefined);
      const types = [queued.type];
      this.hub.publishNow([{ taskId: id, firstSeq: 1, lastSeq: 1, types, visibility: 'u', payload: queued.line }]);
      return id;
    }
    const stored = await findIdempotentAnswer(this.#pool, scope);
    if (!stored) throw new Error('the first answer is not there yet');
    return (stored.body as { id: TaskId }).id;
  }

  /** What was decided, and the number of the newest event at that moment. */
  async cancel(taskId: TaskId, force: boolean): Promise<{ verdict: string; lastSeq: number }> {
    const request = { tenantId: this.#tenantId, taskIds: [taskId], force, reason: undefined, actor: 'sim' };
    const [answer] = await cancelTasks(this.#pool, request);
    if (answer?.events) this.hub.publishNow([answer.events]);
    if (answer?.verdict === 'requested') publishCancel(this.#redis, taskId).catch(() => undefined);
    return { verdict: answer?.verdict ?? 'missing', lastSeq: answer?.lastSeq ?? 0 };
  }

  /** What the route of the stream asks before it opens one: a reader that has the final event is told to stop. */
  async isOver(taskId: TaskId, after: number): Promise<boolean> {
    const head = await findTaskHead(this.#pool, this.#tenantId, taskId);
    return head !== undefined && isFinal(head.status) && after === head.lastSeq;
  }

  async replay(taskId: TaskId): Promise<number | undefined> {
    const request = {
      tenantId: this.#tenantId,
      taskId,
      run: undefined,
      mode: 'resume' as const,
      reason: undefined,
      actor: 'sim',
    };
    const answer = await replayTask(this.#pool, request);
    if (answer?.kind !== 'replayed') return undefined;
    this.hub.publishNow([answer.events]);
    this.#world.queue
      .open()
      .enqueue([answer.delivery])
      .catch(() => undefined);
    return answer.run;
  }
}

export function createTenantId(): TenantId {
  return createId('tenant');
}

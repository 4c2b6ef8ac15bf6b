import {
  createFailure,
  createId,
  fromUuid,
  type Incarnation,
  type Json,
  NO_USAGE,
  type Status,
  type TaskId,
  type TenantId,
  toEventLine,
  toUuid,
} from '../../../../packages/domain/src/index.ts';
import {
  buryWorkers,
  cancelTasks,
  endWorker,
  expireDueTasks,
  findOfferedTasks,
  findTaskHead,
  flushTasks,
  insertTask,
  offerTasks,
  type Pool,
  readDroppedUsage,
  readEvents,
  readSignals,
  readSteps,
  readTails,
  registerWorker,
  releaseTasks,
  renewLease,
  replayTask,
  requeueOrphans,
  type Settlement,
  type StepRow,
  type TaskFlush,
  tryClaimTasks,
  wakeDueTasks,
} from '../../../../packages/store/src/index.ts';
import type { Dice } from '../dice.ts';
import type { Tables } from './tables.ts';

/** Something that is done to both databases; its answers have to be the same. */
export interface Operation {
  name: string;
  /** The tasks whose heads it would wait for if they were held. */
  waitsFor: readonly TaskId[];
  run(db: Pool): Promise<unknown>;
}

/** What exists, and where the model stands: most operations aim at what is there, some beside it. */
export interface Scene {
  tenantId: TenantId;
  taskIds: TaskId[];
  incarnations: Incarnation[];
  tables: Tables;
}

const MANY = 1_000;
const MINUTE_MS = 60_000;

export function chooseOperation(dice: Dice, scene: Scene): Operation {
  const create = dice.pick([
    insert,
    register,
    claim,
    claim,
    ...Array.from({ length: 10 }, () => flush),
    cancel,
    replay,
    release,
    housekeep,
    housekeep,
    endLife,
    read,
  ]);
  return (create ?? read)(dice, scene);
}

function operation(name: string, run: Operation['run'], waitsFor: readonly TaskId[] = []): Operation {
  return { name, run, waitsFor };
}

function insert(dice: Dice, scene: Scene): Operation {
  const id = fromUuid('task', dice.uuid());
  const createdAt = new Date();
  const inMinutes = (minutes: number) => new Date(createdAt.getTime() + minutes * MINUTE_MS);
  const queued = toEventLine({ type: 'task.queued', data: {} }, 0, createdAt);
  const key = dice.chance(0.5) ? `key${dice.integer(1, 6)}` : undefined;
  const task = {
    id,
    tenantId: scene.tenantId,
    agent: 'tester',
    input: { id },
    priority: dice.integer(-2, 2),
    tags: [],
    metadata: {},
    limits: {},
    deadlineAt: dice.chance(0.15) ? inMinutes(dice.pick([-10, 10]) ?? 10) : undefined,
    notBefore: dice.chance(0.2) ? inMinutes(dice.pick([-10, 10]) ?? 10) : undefined,
    traceparent: undefined,
    createdAt,
    queued,
  };
  const answer = key && { tenantId: scene.tenantId, route: 'r', key, fingerprint: 'f', status: 202, body: { id } };
  if (key === undefined || !scene.tables.idempotency.has([toUuid(scene.tenantId), 'r', key].join(' '))) {
    scene.taskIds.push(id);
  }
  return operation('insert', (db) => (answer ? insertTask(db, task, answer) : insertTask(db, task)));
}

function register(dice: Dice, scene: Scene): Operation {
  const incarnation = createId('worker');
  scene.incarnations.push(incarnation);
  const lockKey = BigInt(dice.integer(1, 2 ** 31));
  const leaseMs = (dice.pick([-10, 10, 10, 10]) ?? 10) * MINUTE_MS;
  const life = { incarnation, name: 'w', host: 'h', pid: 1, version: '0', capacity: 3, lockKey, leaseMs };
  return operation('register', (db) => registerWorker(db, life));
}

function claim(dice: Dice, scene: Scene): Operation {
  const incarnation = dice.pick(scene.incarnations) ?? createId('worker');
  const taskIds = pickSome(dice, scene.taskIds);
  const isShared = dice.chance(0.3);
  return operation('claim', async (db) => {
    const answer = await tryClaimTasks(db, { taskIds, incarnation, workerName: 'w', isShared });
    return { claimed: sorted(answer.claimed), busy: sorted(answer.busy), suspects: sorted(answer.suspects) };
  });
}

function flush(dice: Dice, scene: Scene): Operation {
  const flushes = pickSome(dice, scene.taskIds).map((taskId) => createFlush(dice, scene, taskId));
  return operation('flush', (db) => flushTasks(db, flushes));
}

function createFlush(dice: Dice, { tables }: Scene, taskId: TaskId): TaskFlush {
  const head = tables.heads.get(toUuid(taskId));
  const run = tables.tasks.get(toUuid(taskId))?.run ?? 1;
  const epoch = Math.max(1, (head?.epoch ?? 1) - (dice.chance(0.2) ? 1 : 0));
  const types = Array.from({ length: dice.integer(0, 3) }, () => dice.pick(['log', 'text.delta'] as const) ?? 'log');
  const events = types.map((type, i) => toEventLine({ type, data: { i } }, epoch, new Date()));
  const steps = dice.chance(0.5) ? [createStep(dice, run)] : [];
  const flushNo = Math.max(1, (head?.flush_no ?? 0) + (dice.pick([1, 1, 1, 1, 0, 2]) ?? 1));
  const openTurn = dice.pick([undefined, undefined, null, ...(events.length > 0 ? [0] : [])]);
  return {
    taskId,
    epoch,
    flushNo,
    events,
    steps,
    artifacts: [],
    openTurn,
    progress: dice.chance(0.3) ? '{"turn":1}' : undefined,
    agentVersion: dice.chance(0.2) ? { version: '1', journalVersion: dice.integer(1, 2) } : undefined,
    clearSuspicion: dice.chance(0.2),
    settlement: dice.chance(0.15) ? createSettlement(dice) : undefined,
  };
}

function createStep(dice: Dice, run: number): StepRow {
  const turn = dice.integer(1, 2);
  const isTool = dice.chance(0.5);
  return {
    id: createId('step'),
    run,
    stepKey: isTool ? `t${turn}:call` : `t${turn}`,
    turn,
    position: Number(isTool),
    kind: isTool ? 'tool' : 'turn',
    name: 'x',
    status: dice.pick(['intent', 'done', 'unknown', 'void'] as const) ?? 'done',
    effectClass: isTool ? 'keyed' : undefined,
    idempotencyKey: isTool ? 'k' : undefined,
    inputHash: undefined,
    content: dice.chance(0.7) ? JSON.stringify({ said: dice.integer(1, 9) }) : undefined,
    attempts: 1,
    usage: { turns: 1 },
    startedAt: new Date(),
  };
}

function createSettlement(dice: Dice): Settlement {
  const to: Exclude<Status, 'running'> =
    dice.pick(['completed', 'failed', 'cancelled', 'expired', 'waiting', 'queued'] as const) ?? 'failed';
  const base = { to, usage: NO_USAGE, attempts: dice.integer(0, 3), history: [] };
  const failure = createFailure('agent_failed', 'it failed');
  switch (to) {
    case 'completed':
      return { ...base, result: '{"text":"x"}', stopReason: 'end_turn' };
    case 'failed': {
      const id = createId('dl');
      return { ...base, failure, deadLetter: { id, reason: 'exhausted', retryStopped: 'max_attempts' } };
    }
    case 'waiting':
      return { ...base, waitingFor: 'retry', wakeInMs: (dice.pick([-10, 10]) ?? 10) * MINUTE_MS, signalNo: 0 };
    default:
      return base;
  }
}

function cancel(dice: Dice, scene: Scene): Operation {
  const taskIds = pickSome(dice, scene.taskIds);
  const request = { tenantId: scene.tenantId, taskIds, force: dice.chance(0.2), reason: undefined, actor: 'a' };
  return operation('cancel', async (db) => sorted(await cancelTasks(db, request)), taskIds);
}

function replay(dice: Dice, scene: Scene): Operation {
  const taskId = dice.pick(scene.taskIds) ?? createId('task');
  const run = dice.pick([undefined, undefined, 1, 2]);
  const mode = dice.pick(['resume', 'from_step', 'restart'] as const) ?? 'resume';
  const step = dice.pick(scene.tables.steps.get(toUuid(taskId)) ?? []);
  const request = {
    tenantId: scene.tenantId,
    taskId,
    run,
    mode,
    ...(mode === 'from_step' ? { stepId: step ? fromUuid('step', step.id) : createId('step') } : {}),
    ...(dice.chance(0.3) ? { journalVersions: { tester: 1 } } : {}),
    reason: undefined,
    actor: 'a',
  };
  return operation('replay', (db) => replayTask(db, request), [taskId]);
}

function release(dice: Dice, scene: Scene): Operation {
  const tasks = pickSome(dice, scene.taskIds).map((taskId) => {
    const epoch = scene.tables.heads.get(toUuid(taskId))?.epoch ?? 0;
    return { taskId, epoch: epoch - (dice.chance(0.3) ? 1 : 0) };
  });
  return operation('release', async (db) => sorted(await releaseTasks(db, tasks)));
}

function housekeep(dice: Dice, scene: Scene): Operation {
  const late = [...scene.incarnations];
  const failure = createFailure('deadline_exceeded', 'late');
  const taskIds = pickSome(dice, scene.taskIds);
  return (
    dice.pick([
      operation('bury', async (db) => sorted(await buryWorkers(db, late, false))),
      operation('requeue', async (db) => sorted(await requeueOrphans(db, MANY))),
      operation('wake', (db) => wakeDueTasks(db, MANY)),
      operation('expire', async (db) => sorted(await expireDueTasks(db, MANY, failure))),
      operation('offer', async (db) => sorted(await offerTasks(db, taskIds))),
    ]) ?? operation('wake', (db) => wakeDueTasks(db, MANY))
  );
}

function endLife(dice: Dice, scene: Scene): Operation {
  const incarnation = dice.pick(scene.incarnations) ?? createId('worker');
  return dice.chance(0.2)
    ? operation('end', (db) => endWorker(db, incarnation))
    : operation('renew', async (db) => sorted((await renewLease(db, incarnation, MINUTE_MS * 10)) ?? []));
}

function read(dice: Dice, scene: Scene): Operation {
  const taskId = dice.pick(scene.taskIds) ?? createId('task');
  return operation('read', async (db) => ({
    steps: await readSteps(db, taskId, 2),
    events: await readEvents(db, taskId, 1, MANY),
    dropped: sorted(await readDroppedUsage(db, taskId, 2)),
    signals: await readSignals(db, taskId, 0),
    tails: [...(await readTails(db, [taskId]))],
    head: await findTaskHead(db, scene.tenantId, taskId),
    offered: sorted(await findOfferedTasks(db, MANY)),
  }));
}

function pickSome(dice: Dice, taskIds: readonly TaskId[]): TaskId[] {
  return [...new Set(Array.from({ length: dice.integer(1, 3) }, () => dice.pick(taskIds)))].filter(
    (taskId) => taskId !== undefined,
  );
}

/** Rows whose order nobody promises. */
function sorted<T>(rows: readonly T[]): T[] {
  const keyOf = (row: T) =>
    JSON.stringify(row, (_key, value: unknown) => (value === undefined ? null : (value as Json)));
  return [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

import type { TaskId } from '../../../packages/domain/src/index.ts';
import type { Submit } from './sim-api.ts';
import type { World } from './world.ts';

const REPEAT_MS = 2_000;
/** A deadline that a task may or may not meet. */
const TIGHT_DEADLINE_MS = 6_000;

/** Submits tasks over the time; a submit whose answer does not come is repeated with the same key, as clients are told to. */
export function submitTasks(world: World, count: number, overMs: number): void {
  const { time, dice, clients } = world;
  for (let i = 0; i < count; i++) {
    const deadlineMs = dice.chance(0.15) ? dice.between(500, TIGHT_DEADLINE_MS) : undefined;
    const submit = { key: `key${i}`, seed: dice.integer(1, 1_000_000), deadlineMs };
    time.schedule(clients, dice.between(0, overMs), `submits ${submit.key}`, () => sendSubmit(world, submit));
  }
}

function sendSubmit(world: World, submit: Submit): void {
  const { time, clients, api, history } = world;
  let isAnswered = false;
  const onAnswer = (taskId: TaskId) => {
    isAnswered = true;
    if (history.accepted.has(taskId)) return;
    history.accepted.add(taskId);
    world.addTask(taskId);
  };
  time.enter(api.process, () => {
    api.submit(submit).then(onAnswer, () => undefined);
  });
  time.schedule(clients, REPEAT_MS, '', () => {
    if (!isAnswered) sendSubmit(world, submit);
  });
}

/** Asks for a cancel of some task; what was answered is remembered. */
export function sendCancel(world: World, force: boolean): void {
  const { time, dice, api, history } = world;
  const taskId = dice.pick(world.taskIds);
  if (!taskId) return;
  time.enter(api.process, () => {
    api.cancel(taskId, force).then(
      ({ verdict, lastSeq }) => {
        history.cancels.push({ taskId, verdict, lastSeq });
      },
      () => undefined,
    );
  });
}

/** Replays some task, if it has ended. Its readers come back for the new run. */
export function sendReplay(world: World): void {
  const { time, dice, api, history } = world;
  const taskId = dice.pick(world.taskIds);
  if (!taskId) return;
  time.enter(api.process, () => {
    api.replay(taskId).then(
      (run) => {
        if (run !== undefined) history.replays.push({ taskId, run });
        for (const reader of world.readers) if (reader.taskId === taskId && reader.isEnded) reader.connect();
      },
      () => undefined,
    );
  });
}

import type { Json } from '../../packages/domain/src/index.ts';
import { findOpenQuestions, type Pool, type SignalAnswer, signalTask } from '../../packages/store/src/index.ts';
import type { Scene } from './agent-scene.ts';

type Told = Pick<Scene, 'taskId' | 'tenantId'>;

/** Says something to a task, as the API does. */
export function sayTo(pool: Pool, scene: Told, message: string): Promise<SignalAnswer | undefined> {
  return tell(pool, scene, [{ key: undefined, payload: message }], { message });
}

/** Answers the first open question of a task, as the API does; undefined when it asks nothing. */
export async function answerTo(pool: Pool, scene: Told, answer: Json): Promise<SignalAnswer | undefined> {
  const [question] = await findOpenQuestions(pool, scene.taskId);
  return (
    question && tell(pool, scene, [{ key: question.key, payload: answer }], { responses: { [question.key]: answer } })
  );
}

function tell(
  pool: Pool,
  { tenantId, taskId }: Told,
  signals: { key: string | undefined; payload: Json }[],
  data: { [key: string]: Json },
): Promise<SignalAnswer | undefined> {
  return signalTask(pool, { tenantId, taskId, kind: 'input', signals, data, actor: 'test', answer: undefined });
}

import { isId, type TaskId } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import { createConnectionLoss, type RedisConnections } from './open-redis.ts';

/** Tells the workers that a running task's cancel was requested. Best effort: a worker's next flush tells it too. */
export async function publishCancel(redis: RedisConnections, taskId: TaskId): Promise<void> {
  const publish = () => redis.commands.publish(redis.keys.cancelChannel, taskId);
  await callWithFailpoints('streams.publish-cancel', publish, createConnectionLoss);
}

export function onCancel(redis: RedisConnections, handler: (taskId: TaskId) => void): void {
  redis.subscriber.on('message', (channel: string, message: string) => {
    if (channel === redis.keys.cancelChannel && isId('task', message)) handler(message);
  });
  redis.subscriber.subscribe(redis.keys.cancelChannel).catch(() => undefined);
}

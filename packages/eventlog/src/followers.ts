import type { TaskId } from '@nightshift/domain';
import { type Pool, readTails } from '@nightshift/store';
import { type RedisConnections, subscribeLive } from '@nightshift/streams';
import type { Logger, Metrics } from '@nightshift/telemetry';
import { Follower } from './task-feed.ts';

/** How long a lost wake-up can go unnoticed: at most two of these. */
const COMPARE_INTERVAL_MS = 1_000;

/** All followers of a process: one subscription per task, one timer, whatever the number of clients. */
export interface Followers {
  /** Resolves when the task is subscribed, or at once while Redis is away. Every attach needs its detach. */
  attach(taskId: TaskId, cursor: number): Promise<Follower>;
  detach(follower: Follower): void;
  close(): void;
}

export function createFollowers(deps: {
  pool: Pool;
  redis: RedisConnections;
  log: Logger;
  metrics: Metrics;
}): Followers {
  const groups = new Map<TaskId, { members: Set<Follower>; subscribed: Promise<boolean> }>();
  let isComparing = false;

  const live = subscribeLive(deps.redis, {
    onEntry(taskId, entry) {
      for (const follower of groups.get(taskId)?.members ?? []) follower.push(entry);
    },
    onReconnect() {
      for (const { members } of groups.values()) for (const follower of members) follower.markStale();
    },
  });

  const timer = setInterval(() => {
    if (isComparing || groups.size === 0) return;
    isComparing = true;
    compare()
      .catch((error: unknown) => deps.log.debug({ error: String(error) }, 'readers not compared with Postgres'))
      .finally(() => {
        isComparing = false;
      });
  }, COMPARE_INTERVAL_MS);

  async function compare(): Promise<void> {
    let isAnyLost = false;
    for (const [taskId, tail] of await readTails(deps.pool, [...groups.keys()])) {
      for (const follower of groups.get(taskId)?.members ?? []) {
        isAnyLost = follower.compare(tail.lastSeq) || isAnyLost;
      }
    }
    if (isAnyLost) await live.verify();
  }

  return {
    async attach(taskId, cursor) {
      const follower = new Follower(taskId, cursor);
      const group = groups.get(taskId) ?? { members: new Set<Follower>(), subscribed: live.add(taskId) };
      groups.set(taskId, group);
      group.members.add(follower);
      deps.metrics.streamSubscribers.inc();
      await group.subscribed;
      return follower;
    },
    detach(follower) {
      const group = groups.get(follower.taskId);
      if (!group?.members.delete(follower)) return;
      deps.metrics.streamSubscribers.dec();
      if (group.members.size > 0) return;
      groups.delete(follower.taskId);
      live.remove(follower.taskId);
    },
    close() {
      clearInterval(timer);
      live.close();
      for (const { members } of groups.values()) for (const follower of members) follower.wake();
    },
  };
}

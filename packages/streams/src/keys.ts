import type { TaskId } from '@nightshift/domain';

/**
 * Every name in Redis, built here only. `{task}` is the hash tag: all keys of a task live in one slot of a cluster.
 *
 * | name | kind | holds |
 * |---|---|---|
 * | `<prefix>:{<task>}:events` | stream | tail of the log, one entry per flush, id `<last_seq>-0` |
 * | `<prefix>:{<task>}:live` | channel | the same entries as they are appended |
 * | `<prefix>:cancel` | channel | ids of running tasks whose cancel was requested |
 */
export interface Keys {
  stream(taskId: TaskId): string;
  /** What stands before and behind the task's id in the name of its stream. */
  streamPattern: { prefix: string; suffix: string };
  liveChannel(taskId: TaskId): string;
  cancelChannel: string;
}

export function createKeys(prefix: string): Keys {
  return {
    stream: (taskId) => `${prefix}:{${taskId}}:events`,
    streamPattern: { prefix: `${prefix}:{`, suffix: '}:events' },
    liveChannel: (taskId) => `${prefix}:{${taskId}}:live`,
    cancelChannel: `${prefix}:cancel`,
  };
}

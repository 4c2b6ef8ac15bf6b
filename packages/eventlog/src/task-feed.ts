import type { TaskId } from '@nightshift/domain';
import type { StreamEntry } from '@nightshift/streams';

/** Entries a slow follower may have waiting; beyond it reads them again from Redis or Postgres when it is ready. */
const MAX_PENDING_BYTES = 256 * 1024;

/** What one follower has not looked at yet. Bounded: when it overflows, only the fact that there is more is kept. */
export class Follower {
  readonly taskId: TaskId;
  /** Pushed entries, in order of arrival. */
  pending: StreamEntry[] = [];
  /** Something was missed: look into Redis and Postgres. */
  stale = false;
  #pendingBytes = 0;
  #wake: (() => void) | undefined;

  constructor(taskId: TaskId) {
    this.taskId = taskId;
  }

  push(entry: StreamEntry): void {
    this.#pendingBytes += entry.developerText.length;
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.lag();
    else this.pending.push(entry);
    this.wake();
  }

  /** Drops what is pending; the follower reads it again from where its cursor is. */
  lag(): void {
    this.pending = [];
    this.#pendingBytes = 0;
    this.stale = true;
  }

  take(): StreamEntry[] {
    const entries = this.pending;
    this.pending = [];
    this.#pendingBytes = 0;
    return entries;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Resolves when something was pushed, something was missed, or the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.pending.length > 0 || this.stale || signal.aborted) return;
    const onAbort = () => this.wake();
    signal.addEventListener('abort', onAbort, { once: true });
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    signal.removeEventListener('abort', onAbort);
  }
}

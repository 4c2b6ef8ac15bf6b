import type { TaskId } from '@nightshift/domain';
import type { StreamEntry } from '@nightshift/streams';

/** Entries a slow follower may have waiting; beyond it reads them again from Redis or Postgres when it is ready. */
const MAX_PENDING_CHARS = 256 * 1024;

/** What one follower has not looked at yet. Bounded: when it overflows, only the fact that there is more is kept. */
export class Follower {
  readonly taskId: TaskId;
  /** The last sequence number its reader was given. */
  cursor: number;
  /** Something was or may have been missed: look into Redis and Postgres. */
  stale = true;
  #pending: StreamEntry[] = [];
  #pendingChars = 0;
  /** The end of what was pushed, and of the log as it was at the last comparison. */
  #pushedSeq = 0;
  #comparedSeq = 0;
  #wake: (() => void) | undefined;

  constructor(taskId: TaskId, cursor: number) {
    this.taskId = taskId;
    this.cursor = cursor;
  }

  push(entry: StreamEntry): void {
    this.#pushedSeq = Math.max(this.#pushedSeq, entry.lastSeq);
    this.#pendingChars += entry.developerText.length;
    if (this.#pendingChars > MAX_PENDING_CHARS) this.lag();
    else this.#pending.push(entry);
    this.wake();
  }

  /** Drops what is pending; the follower reads it again from where its cursor is. */
  lag(): void {
    this.#pending = [];
    this.#pendingChars = 0;
    this.stale = true;
  }

  take(): StreamEntry[] {
    const entries = this.#pending;
    this.#pending = [];
    this.#pendingChars = 0;
    return entries;
  }

  markStale(): void {
    this.stale = true;
    this.wake();
  }

  /**
   * Takes note of where the log ends in Postgres. What was there one comparison ago and has neither been read nor pushed
   * by now was lost on the way: true, and it is read again.
   */
  compare(lastSeq: number): boolean {
    const known = Math.max(this.cursor, this.#pushedSeq);
    const isLost = known < this.#comparedSeq && !this.stale;
    this.#comparedSeq = lastSeq;
    if (isLost) this.markStale();
    return isLost;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Resolves when something was pushed, something was missed, or the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#pending.length > 0 || this.stale || signal.aborted) return;
    const onAbort = () => this.wake();
    signal.addEventListener('abort', onAbort, { once: true });
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    signal.removeEventListener('abort', onAbort);
  }
}

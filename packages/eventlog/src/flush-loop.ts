import type { TaskLog } from './task-log.ts';
import { type WriterDeps, writeLogs } from './write-logs.ts';

/** Only deltas linger: longer when the database is slower, never longer than a person notices. */
const MAX_LINGER_MS = 20;
const LINGER_PER_FLUSH_MS = 4;
/** A held head delays its task by this, not the others. */
const BUSY_RETRY_MS = 5;
const MIN_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1_000;
const MAX_TASKS_PER_FLUSH = 200;

/**
 * Decides when the next flush goes out and what it carries: one statement at a time, the next one when the last has
 * returned, at once for whatever is urgent.
 */
export class FlushLoop {
  readonly #deps: WriterDeps;
  /** Logs with something to write, the one that waits longest first. */
  readonly #dirty = new Set<TaskLog>();
  #isFlushing = false;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastFlushMs = 0;
  /** Above 0 while the database does not answer: the same flushes go out again, later and later. */
  #backoffMs = 0;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
  }

  add(log: TaskLog, urgent: boolean): void {
    this.#dirty.add(log);
    if (urgent) this.#wakeNow();
    else this.#wakeAfter(Math.min(MAX_LINGER_MS, this.#lastFlushMs * LINGER_PER_FLUSH_MS));
  }

  remove(log: TaskLog): void {
    this.#dirty.delete(log);
  }

  #wakeNow(): void {
    if (this.#isFlushing || this.#immediate) return;
    if (this.#backoffMs > 0) {
      this.#wakeAfter(0); // haste does not bring a database back
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#immediate = setImmediate(() => this.#run());
  }

  #wakeAfter(ms: number): void {
    if (this.#isFlushing || this.#immediate || this.#timer) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(ms, this.#backoffMs));
  }

  #run(): void {
    this.#immediate = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isFlushing = true;
    this.#flush()
      .catch((error: unknown) => this.#deps.log.error({ error: String(error) }, 'flush failed unexpectedly'))
      .finally(() => {
        this.#isFlushing = false;
        this.#wakeForRest();
      });
  }

  async #flush(): Promise<void> {
    const logs = [...this.#dirty].slice(0, MAX_TASKS_PER_FLUSH);
    for (const log of logs) log.inFlight ??= log.buffer.take();
    const startedAt = performance.now();
    const isAnswered = await writeLogs(
      this.#deps,
      logs.filter((log) => log.inFlight && log.inFlight.length > 0),
    );
    this.#lastFlushMs = performance.now() - startedAt;
    this.#deps.metrics.flushDuration.observe(this.#lastFlushMs / 1000);
    this.#noteAnswered(isAnswered);
    for (const log of logs) {
      if (!this.#dirty.delete(log)) continue; // removed meanwhile
      if (log.inFlight || !log.buffer.isEmpty)
        this.#dirty.add(log); // behind the others: nobody starves
      else log.noteIdle();
    }
  }

  #noteAnswered(isAnswered: boolean): void {
    if (isAnswered && this.#backoffMs > 0) this.#deps.log.info('flushes are answered again');
    if (!isAnswered && this.#backoffMs === 0) this.#deps.log.warn('flush not answered; repeating it until it is');
    this.#backoffMs = isAnswered ? 0 : Math.min(MAX_BACKOFF_MS, Math.max(MIN_BACKOFF_MS, this.#backoffMs * 2));
  }

  #wakeForRest(): void {
    if (this.#dirty.size === 0) return;
    const waiting = [...this.#dirty];
    if (waiting.some((log) => !log.inFlight && log.isUrgent)) this.#wakeNow();
    else this.#wakeAfter(waiting.some((log) => log.inFlight) ? BUSY_RETRY_MS : this.#lastFlushMs * LINGER_PER_FLUSH_MS);
  }
}

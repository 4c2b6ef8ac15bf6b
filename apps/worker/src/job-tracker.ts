import { within } from './within.ts';

/** Everything that was asked for and has not ended: waiting for a slot, being claimed, running. */
export class JobTracker {
  readonly #jobs = new Set<Promise<void>>();

  /** Keeps a job that never rejects until it has ended. */
  track(job: Promise<void>): Promise<void> {
    this.#jobs.add(job);
    return job.finally(() => this.#jobs.delete(job));
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** Resolves when all of them have ended, or after the timeout; true when none is left. */
  async drained(timeoutMs: number): Promise<boolean> {
    return await within(Promise.all(this.#jobs), timeoutMs);
  }
}

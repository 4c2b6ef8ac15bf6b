import type { EventLine } from '@nightshift/domain';
import type { ArtifactRow, Settlement, StepRow, TaskFlush } from '@nightshift/store';

/** Most one flush carries for one task. */
const MAX_FLUSH_EVENTS = 100;
const MAX_FLUSH_BYTES = 64 * 1024;
/** Above this, `emit` waits: the tool or the model stream is slowed down. */
const MAX_BUFFERED_EVENTS = 1_000;
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** What became of an entry: written, or its settlement refused for what came first. */
export type EntryOutcome = 'ok' | 'cancel_first' | 'signal_first';

/** Something handed to the log of a task, in order: events, and what must be committed with them. */
export interface Entry {
  events: EventLine[];
  steps: StepRow[];
  artifacts: ArtifactRow[];
  openTurn?: number | null | undefined;
  progress?: string | undefined;
  agentVersion?: TaskFlush['agentVersion'];
  clearSuspicion?: boolean | undefined;
  settlement?: Settlement | undefined;
  /** Waits for no timer. */
  urgent: boolean;
  bytes: number;
  settled: (outcome: EntryOutcome) => void;
  failed: (error: Error) => void;
}

/** The queue of one task in front of the flusher. Entries keep their order; a flush takes as many as fit. */
export class TaskBuffer {
  readonly #entries: Entry[] = [];
  #events = 0;
  #bytes = 0;
  #waiters: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get isUrgent(): boolean {
    return this.#entries.some((entry) => entry.urgent);
  }

  get isFull(): boolean {
    return this.#events >= MAX_BUFFERED_EVENTS || this.#bytes >= MAX_BUFFERED_BYTES;
  }

  /** The newest entry, if it may still be changed: what a delta is merged into. */
  get last(): Entry | undefined {
    return this.#entries.at(-1);
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#count(entry, 1);
  }

  /** Puts entries back in front, in order: they were refused and come again without their settlement. */
  unshift(entries: readonly Entry[]): void {
    this.#entries.unshift(...entries);
    for (const entry of entries) this.#count(entry, 1);
  }

  /** Tells the buffer that the last entry grew by merging: counted with the entry, so that it is taken off with it. */
  grew(bytes: number): void {
    const last = this.#entries.at(-1);
    if (!last) return;
    last.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Takes the entries of the next flush; always at least one, never past a settlement. */
  take(): Entry[] {
    const taken: Entry[] = [];
    let events = 0;
    let bytes = 0;
    for (let entry = this.#entries[0]; entry; entry = this.#entries[0]) {
      const fits = events + entry.events.length <= MAX_FLUSH_EVENTS && bytes + entry.bytes <= MAX_FLUSH_BYTES;
      if (taken.length > 0 && !fits) break;
      this.#entries.shift();
      taken.push(entry);
      events += entry.events.length;
      bytes += entry.bytes;
      this.#count(entry, -1);
      if (entry.settlement) break;
    }
    if (!this.isFull) this.#release();
    return taken;
  }

  /** Resolves when there is room. */
  room(): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Fails everything that waits, for good. */
  clear(error: Error): void {
    const entries = this.#entries.splice(0);
    this.#events = 0;
    this.#bytes = 0;
    this.#release();
    for (const entry of entries) entry.failed(error);
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#events += sign * entry.events.length;
    this.#bytes += sign * entry.bytes;
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

import { type NewEvent, type TaskId, toEventLine } from '@nightshift/domain';
import type { ArtifactRow, EventRow, Settlement, StepRow, TaskFlush } from '@nightshift/store';
import { DeltaLine } from './delta-line.ts';
import { FencedError } from './log-errors.ts';
import { type Entry, type EntryOutcome, TaskBuffer } from './task-buffer.ts';

/** What belongs together: committed in one statement, or not at all. */
export interface TaskWrite {
  events?: NewEvent[];
  steps?: StepRow[];
  artifacts?: ArtifactRow[];
  /** Index in `events` of the `turn.started` of a turn that stays open; null when the open turn is settled. */
  openTurn?: number | null;
  progress?: string;
  agentVersion?: TaskFlush['agentVersion'];
  clearSuspicion?: boolean;
}

/**
 * The log of one task in one epoch: the only way in which a worker writes about a task. Order is kept. Nothing is seen
 * by anybody before it is committed.
 */
export class TaskLog {
  readonly taskId: TaskId;
  readonly epoch: number;
  /** Numbers of the events committed so far in this epoch, and of an open `turn.started`. */
  lastSeq = 0;
  openTurnSeq: number | undefined;
  /** Number of the newest signal that a flush has seen: there is something to read when it grows. */
  signalNo = 0;
  /** Number of the last committed flush. */
  flushNo = 0;
  readonly buffer = new TaskBuffer();
  /** What the running flush carries for this task; repeated unchanged until it is answered. */
  inFlight: Entry[] | undefined;
  readonly #controller = new AbortController();
  readonly #schedule: (log: TaskLog, urgent: boolean) => void;
  readonly #onCancel: () => void;
  readonly #publish: (row: EventRow) => void;
  #fenced: FencedError | undefined;
  #drained: (() => void)[] = [];

  constructor(options: {
    taskId: TaskId;
    epoch: number;
    schedule: (log: TaskLog, urgent: boolean) => void;
    onCancelRequested: () => void;
    publish: (row: EventRow) => void;
  }) {
    this.taskId = options.taskId;
    this.epoch = options.epoch;
    this.#schedule = options.schedule;
    this.#onCancel = options.onCancelRequested;
    this.#publish = options.publish;
  }

  /** Aborts when the epoch is over (reason FencedError) or a write was refused for good (WriteRefusedError). */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Logs an event that may linger for some milliseconds; deltas of one block merge meanwhile. Resolves when there is room
   * for more, not when it is committed. Throws, and does not reject, when the epoch is over: a tool that does not await it
   * must not end the process.
   */
  emit(event: NewEvent): Promise<void> {
    this.#assertOpen();
    if (!DeltaLine.isDelta(event)) {
      this.#push({ events: [event] }, false);
      return this.buffer.room();
    }
    const last = this.buffer.last?.events.at(-1);
    if (last instanceof DeltaLine && last.merge(event)) {
      this.buffer.grew(String(event.data.text ?? '').length);
      return this.buffer.room();
    }
    this.#pushEntry([new DeltaLine(event, this.epoch)], {}, false);
    return this.buffer.room();
  }

  /** Like `emit` for a write of several parts; a later `commit` or `settle` carries it along at the latest. */
  append(write: TaskWrite): Promise<void> {
    this.#assertOpen();
    this.#push(write, false);
    return this.buffer.room();
  }

  /** Commits, together with everything logged before. Rejects with FencedError or WriteRefusedError. */
  async commit(write: TaskWrite): Promise<void> {
    this.#assertOpen();
    await new Promise<EntryOutcome>((resolve, reject) => this.#push(write, true, { resolve, reject }));
  }

  /**
   * Ends the epoch. `cancel_first`: a cancel was requested before; `signal_first`: the task was told something that the
   * settlement does not know of, and goes on. Nothing of this call was written then.
   */
  async settle(settlement: Settlement, write: TaskWrite): Promise<'settled' | 'cancel_first' | 'signal_first'> {
    this.#assertOpen();
    const outcome = await new Promise<EntryOutcome>((resolve, reject) =>
      this.#push(write, true, { resolve, reject }, settlement),
    );
    return outcome === 'ok' ? 'settled' : outcome;
  }

  /** Announces that the output of the open turn is void, if there is an open turn (I15). */
  async voidOpenTurn(): Promise<void> {
    await this.drain();
    if (this.openTurnSeq === undefined) return;
    const data = { from: this.openTurnSeq, to: this.lastSeq };
    await this.commit({ events: [{ type: 'turn.voided', data }], openTurn: null });
  }

  /** Waits until everything logged so far is committed. */
  async drain(): Promise<void> {
    this.#assertOpen();
    if (this.buffer.isEmpty && !this.inFlight) return;
    await new Promise<void>((resolve) => {
      this.#drained.push(resolve);
      this.#schedule(this, true);
    });
    this.#assertOpen();
  }

  /** Waits for no timer. */
  get isUrgent(): boolean {
    return this.#drained.length > 0 || this.buffer.isUrgent;
  }

  /** The flusher reports that nothing is left to write. */
  noteIdle(): void {
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }

  /** Events of this epoch were committed with something else than a flush: whoever commits publishes. */
  noteWritten(row: EventRow): void {
    this.lastSeq = Math.max(this.lastSeq, row.lastSeq);
    this.#publish(row);
  }

  noteCancelRequested(): void {
    this.#onCancel();
  }

  /** The epoch is over: everything that waits fails, everything that comes is refused. */
  fence(): void {
    if (this.#fenced) return;
    this.#fenced = new FencedError(this.taskId, this.epoch);
    this.abort(this.#fenced);
    const inFlight = this.inFlight ?? [];
    this.inFlight = undefined;
    for (const entry of inFlight) entry.failed(this.#fenced);
    this.buffer.clear(this.#fenced);
    this.noteIdle();
  }

  abort(reason: Error): void {
    if (!this.signal.aborted) this.#controller.abort(reason);
  }

  #assertOpen(): void {
    if (this.#fenced) throw this.#fenced;
  }

  #push(
    write: TaskWrite,
    urgent: boolean,
    promise?: { resolve: Entry['settled']; reject: Entry['failed'] },
    settlement?: Settlement,
  ): void {
    const lines = (write.events ?? []).map((event) => toEventLine(event, this.epoch, new Date()));
    this.#pushEntry(lines, write, urgent, promise, settlement);
  }

  #pushEntry(
    events: Entry['events'],
    write: TaskWrite,
    urgent: boolean,
    promise?: { resolve: Entry['settled']; reject: Entry['failed'] },
    settlement?: Settlement,
  ): void {
    const steps = write.steps ?? [];
    const lineBytes = events.reduce((sum, event) => sum + event.line.length, 0);
    const stepBytes = steps.reduce((sum, step) => sum + (step.content?.length ?? 0), 0);
    this.buffer.push({
      events,
      steps,
      artifacts: write.artifacts ?? [],
      openTurn: write.openTurn,
      progress: write.progress,
      agentVersion: write.agentVersion,
      clearSuspicion: write.clearSuspicion,
      settlement,
      urgent,
      bytes: lineBytes + stepBytes,
      settled: promise?.resolve ?? (() => undefined),
      failed: promise?.reject ?? (() => undefined),
    });
    this.#schedule(this, urgent);
  }
}

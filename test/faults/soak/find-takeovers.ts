import type { ReceivedFrame } from '../../support/event-stream.ts';

/** Something that stopped a worker process, by the clock of the machine. */
export interface Stop {
  kind: 'kill' | 'freeze';
  processName: string;
  atMs: number;
  /** Of a freeze: when it was let go on. */
  untilMs?: number;
}

export interface Takeover {
  kind: Stop['kind'];
  stoppedAtMs: number;
  /** From the stop to the claim by another process. */
  tookMs: number;
}

/**
 * The takeovers in the log of one task: it was running on a process when that was stopped, and its next claim was another
 * one's. A freeze counts when it was not over by then.
 */
export function findTakeovers(frames: readonly ReceivedFrame[], stops: readonly Stop[]): Takeover[] {
  const found: Takeover[] = [];
  let owner: { name: string; sinceMs: number } | undefined;
  for (const { type, data } of frames) {
    const atMs = Date.parse(data.created_at ?? '');
    if (type === 'task.started' || type === 'task.resumed') {
      const stop = owner && findStop(stops, owner, atMs);
      if (stop) found.push({ kind: stop.kind, stoppedAtMs: stop.atMs, tookMs: atMs - stop.atMs });
      owner = { name: String(data.data?.worker), sinceMs: atMs };
    } else if (/^task\.(?:waiting|completed|failed|cancelled|expired)$/.test(type)) {
      owner = undefined;
    }
  }
  return found;
}

function findStop(stops: readonly Stop[], owner: { name: string; sinceMs: number }, untilMs: number): Stop | undefined {
  return stops.find(
    (stop) =>
      stop.processName === owner.name &&
      stop.atMs >= owner.sinceMs &&
      stop.atMs <= untilMs &&
      (stop.untilMs === undefined || stop.untilMs >= untilMs),
  );
}

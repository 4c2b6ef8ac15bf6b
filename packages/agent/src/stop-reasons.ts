import type { WaitingFor } from '@nightshift/domain';

/** Why a running task is told to stop: the reason of its abort signal. */

export class CancelRequestedError extends Error {
  override readonly name = 'CancelRequestedError';
}

export class DeadlinePassedError extends Error {
  override readonly name = 'DeadlinePassedError';
}

/** The worker is going down: the task goes back to the queue and loses nothing but the step it is in. */
export class ShutdownError extends Error {
  override readonly name = 'ShutdownError';
}

/** The task waits outside of a slot, for a time, for somebody, or for whichever comes first. */
export class ParkError extends Error {
  override readonly name = 'ParkError';
  readonly waitingFor: WaitingFor;
  readonly wakeInMs: number | undefined;

  constructor(waitingFor: WaitingFor, wakeInMs?: number) {
    super(`waiting for ${waitingFor}`);
    this.waitingFor = waitingFor;
    this.wakeInMs = wakeInMs;
  }
}

/** Calls of one turn that wait make one wait: for a person if one of them does, and no longer than the shortest. */
export function joinParks(parks: readonly [ParkError, ...ParkError[]]): ParkError {
  const times = parks.flatMap((park) => (park.wakeInMs === undefined ? [] : [park.wakeInMs]));
  const forPerson = parks.find((park) => park.waitingFor === 'input') ?? parks[0];
  return new ParkError(forPerson.waitingFor, times.length > 0 ? Math.min(...times) : undefined);
}

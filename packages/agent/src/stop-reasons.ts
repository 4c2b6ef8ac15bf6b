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

/** The task waits outside of a slot for something to pass. */
export class ParkError extends Error {
  override readonly name = 'ParkError';
  readonly waitingFor: 'provider' | 'rate_limit';
  readonly wakeInMs: number;

  constructor(waitingFor: 'provider' | 'rate_limit', wakeInMs: number) {
    super(`waiting for ${waitingFor}`);
    this.waitingFor = waitingFor;
    this.wakeInMs = wakeInMs;
  }
}

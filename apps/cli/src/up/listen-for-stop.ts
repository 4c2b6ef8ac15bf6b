/** The user, or whoever runs this, asked it to stop. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopListener {
  /** Aborted by the first of the signals. */
  readonly signal: AbortSignal;
  dispose(): void;
}

/** Turns the first signal to stop into an abort, and gives every later one to `onSecond`. */
export function listenForStop(process: NodeJS.EventEmitter, onSecond: () => void): StopListener {
  const controller = new AbortController();
  const listeners = STOP_SIGNALS.map((name) => {
    const listener = () => {
      if (controller.signal.aborted) onSecond();
      else controller.abort(new InterruptedError(`stopped by ${name}`));
    };
    process.on(name, listener);
    return { name, listener };
  });
  return {
    signal: controller.signal,
    dispose() {
      for (const { name, listener } of listeners) process.off(name, listener);
    },
  };
}

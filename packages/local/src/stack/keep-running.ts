import { describeExit, type LaunchedProcess, type ProcessExit } from './launch-process.ts';

/** When and how fast a process that ended unexpectedly is started again. */
export interface RestartPolicy {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** A run that lasted at least this long makes the next delay the initial one again. */
  readonly resetAfterMs: number;
}

export const DEFAULT_RESTART_POLICY: RestartPolicy = { initialDelayMs: 200, maxDelayMs: 10_000, resetAfterMs: 30_000 };

export interface KeepRunningOptions {
  readonly name: string;
  /** Starts the process once and resolves when it is ready; rejects when that fails. */
  readonly launch: (signal: AbortSignal) => Promise<LaunchedProcess>;
  /** Undefined: an unexpected end is only reported. */
  readonly restart: RestartPolicy | undefined;
  readonly log: (message: string) => void;
  /** Told of every end, `expected` when `stop` asked for it. */
  readonly onExit?: ((exit: ProcessExit & { expected: boolean }) => void) | undefined;
  /** Aborts a start that is not finished, and every later one; what runs is stopped by `stop`. */
  readonly signal?: AbortSignal | undefined;
}

/** A process that is started again whenever it ends, until `stop`. */
export interface KeptProcess {
  /** Of the present run; undefined between two runs. */
  readonly pid: number | undefined;
  /** How often it was started again. */
  readonly restarts: number;
  /** Stops it for good; returns when it is gone. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a process and starts it again with growing delays when it ends without being asked to.
 * @throws whatever the first `launch` throws; later failures are logged and tried again
 */
export async function keepRunning(options: KeepRunningOptions): Promise<KeptProcess> {
  const stopping = new AbortController();
  if (options.signal?.aborted) stopping.abort();
  options.signal?.addEventListener('abort', () => stopping.abort(), { once: true });
  const first = await options.launch(stopping.signal);
  const state: { current: LaunchedProcess | undefined; restarts: number } = { current: first, restarts: 0 };
  const monitor = watch(options, first, state, stopping.signal);
  return {
    get pid() {
      return state.current?.pid;
    },
    get restarts() {
      return state.restarts;
    },
    async stop() {
      stopping.abort();
      await state.current?.stop();
      await monitor;
    },
  };
}

async function watch(
  options: KeepRunningOptions,
  first: LaunchedProcess,
  state: { current: LaunchedProcess | undefined; restarts: number },
  stopping: AbortSignal,
): Promise<void> {
  const { restart, log, name } = options;
  let running: LaunchedProcess | undefined = first;
  let delayMs = restart?.initialDelayMs ?? 0;
  while (running !== undefined) {
    const startedAtMs = performance.now();
    const exit = await running.exited;
    state.current = undefined;
    options.onExit?.({ ...exit, expected: stopping.aborted });
    if (stopping.aborted) return;
    log(`${name} ended unexpectedly (${describeExit(exit)})${restart === undefined ? '' : '; starting it again'}`);
    if (restart === undefined) return;
    if (performance.now() - startedAtMs >= restart.resetAfterMs) delayMs = restart.initialDelayMs;
    running = undefined;
    while (running === undefined) {
      if (!(await sleepUnlessAborted(delayMs, stopping))) return;
      delayMs = Math.min(delayMs * 2, restart.maxDelayMs);
      running = await relaunch(options, stopping);
      if (stopping.aborted) return running?.stop();
    }
    state.current = running;
    state.restarts += 1;
    log(`${name} runs again (pid ${running.pid})`);
  }
}

async function relaunch(options: KeepRunningOptions, stopping: AbortSignal): Promise<LaunchedProcess | undefined> {
  try {
    return await options.launch(stopping);
  } catch (error) {
    if (!stopping.aborted) options.log(`${options.name} cannot be started again: ${(error as Error).message}`);
    return undefined;
  }
}

/** False when the signal aborted before or during the wait. */
function sleepUnlessAborted(delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve(true);
    }, delayMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

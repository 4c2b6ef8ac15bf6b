import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DEFAULT_RESTART_POLICY, keepRunning, type RestartPolicy } from './keep-running.ts';
import { launchProcess, type ProcessExit } from './launch-process.ts';
import { stopOrphan } from './stop-orphan.ts';
import type { StopStep } from './stop-process.ts';
import { tieToParent } from './tie-to-parent.ts';

const DEFAULT_READY_TIMEOUT_MS = 30_000;
const DEFAULT_STOP_TIMEOUT_MS = 15_000;
const KILL_WAIT_MS = 5_000;
const READY_REQUEST_TIMEOUT_MS = 2_000;

export interface StartProcessOptions {
  /** Unique among the processes of a data folder: it names the default pid file and appears in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process; undefined inherits that of the launcher. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  /** Default: beside the log file, `<name>.pid`. */
  readonly pidFile?: string | undefined;
  /** The port it serves on, for lists; nothing is checked. */
  readonly port?: number | undefined;
  /** Ready when what it wrote matches. Given neither this nor `readyUrl`, it is ready as soon as it runs. */
  readonly readyPattern?: RegExp | undefined;
  /** Ready when a GET answers with a 2xx status. */
  readonly readyUrl?: string | undefined;
  readonly readyTimeoutMs?: number | undefined;
  /** How long it may take to end after SIGTERM before it and its group are killed. */
  readonly stopTimeoutMs?: number | undefined;
  /** `false`: it is not started again when it ends. */
  readonly restart?: RestartPolicy | false | undefined;
  readonly onExit?: ((exit: ProcessExit & { expected: boolean }) => void) | undefined;
  readonly log: (message: string) => void;
  /** Aborts a start that is not finished. */
  readonly signal?: AbortSignal | undefined;
}

/** A supervised process. */
export interface RunningProcess {
  readonly name: string;
  /** Of the present run; undefined while it is between two runs. */
  readonly pid: number | undefined;
  readonly port: number | undefined;
  readonly restarts: number;
  readonly logFile: string;
  /** SIGTERM, then SIGKILL to its group after the deadline; returns when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a process in a group of its own, waits until it is ready, starts it again with growing delays when it ends
 * unexpectedly. It is killed with the launcher, where the system can do that; a survivor of an earlier launcher is
 * stopped first.
 * @throws ProcessStartError when the first start fails
 */
export async function startProcess(options: StartProcessOptions): Promise<RunningProcess> {
  const { name, log, logFile, port } = options;
  const pidFile = options.pidFile ?? `${dirname(logFile)}/${name}.pid`;
  mkdirSync(dirname(pidFile), { recursive: true });
  const stopSteps: readonly StopStep[] = [
    { signal: 'SIGTERM', waitMs: options.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS },
    { signal: 'SIGKILL', waitMs: KILL_WAIT_MS, group: true },
  ];
  await stopOrphan({ name, pidFile, stopSteps, log });
  const { command, args } = await tieToParent({ command: options.command, args: options.args }, 'SIGKILL');
  const { env, cwd } = options;
  const readyTimeoutMs = options.readyTimeoutMs ?? DEFAULT_READY_TIMEOUT_MS;
  const kept = await keepRunning({
    name,
    log,
    restart: options.restart === false ? undefined : (options.restart ?? DEFAULT_RESTART_POLICY),
    onExit: options.onExit,
    signal: options.signal,
    launch: (signal) =>
      launchProcess(
        {
          name,
          command,
          args,
          env,
          cwd,
          logFile,
          pidFile,
          readyTimeoutMs,
          stopSteps,
          isReady: ({ output }) => isReady(options, output),
        },
        signal,
      ),
  });
  return {
    name,
    port,
    logFile,
    get pid() {
      return kept.pid;
    },
    get restarts() {
      return kept.restarts;
    },
    stop: () => kept.stop(),
  };
}

async function isReady(options: StartProcessOptions, output: () => string): Promise<boolean> {
  if (options.readyPattern !== undefined && !options.readyPattern.test(output())) return false;
  if (options.readyUrl === undefined) return true;
  try {
    const reply = await fetch(options.readyUrl, { signal: AbortSignal.timeout(READY_REQUEST_TIMEOUT_MS) });
    await reply.body?.cancel();
    return reply.ok;
  } catch {
    return false;
  }
}

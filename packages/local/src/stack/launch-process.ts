import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { removePidFile, writePidFile } from './pid-file.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';
import { openProcessLog, readProcessLog } from './process-log.ts';
import { killGroupRemnants, type StopStep, stopProcess } from './stop-process.ts';
import { waitUntil } from './wait-until.ts';

const TAIL_LINES_IN_ERROR = 12;

/** How a process ended: an exit code, or the signal that killed it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that did not become ready; `output` is what it wrote (the end of it). */
export class ProcessStartError extends Error {
  override readonly name = 'ProcessStartError';
  readonly output: string;
  /** How it ended by itself; undefined when it could not be started or was stopped for being late. */
  readonly exit: ProcessExit | undefined;
  constructor(message: string, output: string, exit?: ProcessExit) {
    const tail = output.trimEnd().split('\n').slice(-TAIL_LINES_IN_ERROR).join('\n');
    super(tail === '' ? message : `${message}\n${tail}`);
    this.output = output;
    this.exit = exit;
  }
}

export interface LaunchOptions {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Undefined: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** Says which process it is to a later launcher; removed when it ends. */
  readonly pidFile: string;
  /** Asked until it holds; `output` gives what this start has written so far. */
  readonly isReady: (context: { pid: number; output: () => string }) => boolean | Promise<boolean>;
  readonly readyTimeoutMs: number;
  readonly stopSteps: readonly StopStep[];
}

/** A running process that was found ready. */
export interface LaunchedProcess {
  readonly pid: number;
  /** Settles when it ended, for whatever reason, and what was left of its process group was killed. */
  readonly exited: Promise<ProcessExit>;
  /** Stops it by the stop steps; returns when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a process as the leader of its own group (a Ctrl-C in the terminal does not reach it: its launcher decides the
 * order of stopping) and waits until it is ready. Aborting stops it.
 * @throws ProcessStartError when it cannot be started, ends, or is not ready in time; it is stopped then
 */
export async function launchProcess(options: LaunchOptions, signal?: AbortSignal): Promise<LaunchedProcess> {
  const { fd, offset } = openProcessLog(options.logFile);
  const output = () => readProcessLog(options.logFile, offset);
  const { child, startError } = await spawnInGroup(options, fd);
  if (startError !== undefined) {
    throw new ProcessStartError(`${options.name}: cannot start ${options.command}: ${startError.message}`, '');
  }
  const { identity, exited } = track(child, options.pidFile);
  let exit: ProcessExit | undefined;
  exited.then((value) => {
    exit = value;
  }, ignore);
  const stop = async () => {
    if (identity !== undefined) await stopProcess(identity, options.stopSteps);
    await exited;
  };
  const pid = child.pid ?? 0;
  let isReady = false;
  try {
    await waitUntil(
      async () => {
        if (exit !== undefined) return true;
        isReady = await options.isReady({ pid, output });
        return isReady;
      },
      { timeoutMs: options.readyTimeoutMs, signal },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  if (isReady && exit === undefined) return { pid, exited, stop };
  const ownExit: ProcessExit | undefined = exit;
  await stop();
  throw new ProcessStartError(describeFailure(options, ownExit, signal), output(), ownExit);
}

interface Spawned {
  readonly child: ChildProcess;
  readonly startError: Error | undefined;
}

async function spawnInGroup(options: LaunchOptions, fd: number): Promise<Spawned> {
  const { env, cwd, uid, gid } = options;
  try {
    const child = spawn(options.command, [...options.args], {
      detached: true,
      stdio: ['ignore', fd, fd],
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    if (child.pid !== undefined) return { child, startError: undefined };
    return { child, startError: await new Promise<Error>((resolve) => child.once('error', resolve)) };
  } finally {
    closeSync(fd);
  }
}

interface Tracked {
  /** Undefined when it was already gone before it could be looked at. */
  readonly identity: ProcessIdentity | undefined;
  readonly exited: Promise<ProcessExit>;
}

function track(child: ChildProcess, pidFile: string): Tracked {
  const pid = child.pid ?? 0;
  const identity = identifyProcess(pid);
  if (identity !== undefined) writePidFile(pidFile, identity);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, exitSignal) => {
      killGroupRemnants(pid);
      if (identity !== undefined) removePidFile(pidFile, identity);
      resolve({ code, signal: exitSignal });
    });
  });
  return { identity, exited };
}

function describeFailure(
  options: LaunchOptions,
  exit: ProcessExit | undefined,
  signal: AbortSignal | undefined,
): string {
  if (signal?.aborted) return `${options.name}: start was abandoned`;
  if (exit !== undefined)
    return `${options.name} ended before it was ready (${describeExit(exit)}), log: ${options.logFile}`;
  return `${options.name} was not ready within ${options.readyTimeoutMs} ms, log: ${options.logFile}`;
}

/** "exit code 1" or "signal SIGKILL". */
export function describeExit(exit: ProcessExit): string {
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}

function ignore(): void {
  // The rejection is reported where `exited` itself is awaited.
}

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildChildCommand } from './build-child-command.ts';
import { type ChildOrders, isChildMessage, toChildArgs } from './child-message.ts';
import type { ChildExit } from './judge-child.ts';

/** Enough to recognise "heap out of memory". */
const MAX_STDERR_CHARS = 4_000;
/** Until the first sign of life: a busy machine takes its time to load a program. */
const START_TIMEOUT_MS = 60_000;
const CHECKS_PER_TIMEOUT = 10;
/** After the end of a child, until its error output is complete. */
const OUTPUT_TIMEOUT_MS = 1_000;

export interface Child {
  readonly pid: number | undefined;
  readonly exited: Promise<ChildExit>;
  /** SIGTERM: it ends at a step boundary. */
  stop(): void;
  /** SIGKILL, for it and whatever it started. */
  kill(): void;
}

/**
 * Starts a child of this worker and watches it. It writes its log where ours goes. One that is silent for longer than
 * `silenceMs` while our own event loop turns is killed.
 */
export function startChild(options: { orders: ChildOrders; memoryMb: number; silenceMs: number }): Child {
  const { orders, memoryMb } = options;
  const script = fileURLToPath(new URL('./isolated-main.js', import.meta.url));
  const { command, args } = buildChildCommand({
    script,
    args: toChildArgs(orders),
    memoryMb,
    hasDeathSignal: !orders.watchParent,
  });
  // Its own process group, so that a kill reaches whatever it may have started, and Ctrl-C does not.
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let stderr = '';
  let farewell: ChildExit['farewell'];
  let treatment: ChildExit['treatment'] = { kind: 'none' };
  const kill = () => killGroup(child.pid);
  const silence = watchSilence(options.silenceMs, (silentMs) => {
    treatment = { kind: 'silent', silentMs };
    kill();
  });
  child.on('message', (message) => {
    silence.heard();
    if (isChildMessage(message) && message.kind !== 'alive') farewell = message.kind;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
  });
  const exited = new Promise<ChildExit>((resolve) => {
    const end = (exitCode: number | null, signal: NodeJS.Signals | null) => {
      silence.stop();
      resolve({ exitCode, signal, farewell, treatment, stderr });
    };
    child.on('error', (error) => {
      stderr = error.message;
      if (child.pid === undefined) end(null, null);
    });
    child.on('exit', (exitCode, signal) => {
      kill(); // what it started must not outlive it, nor hold its error output open
      setTimeout(end, OUTPUT_TIMEOUT_MS, exitCode, signal);
    });
    child.on('close', end);
  });
  return {
    pid: child.pid,
    exited,
    stop() {
      if (treatment.kind === 'none') treatment = { kind: 'told_to_stop' };
      child.kill('SIGTERM');
    },
    kill() {
      if (treatment.kind !== 'silent') treatment = { kind: 'killed' };
      kill();
    },
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

/**
 * Calls back when nothing was heard for the time. Time counts only as far as our own checks came when they were due: while
 * the machine or this process stood still, nobody could be heard.
 */
function watchSilence(timeoutMs: number, onSilence: (silentMs: number) => void) {
  const intervalMs = timeoutMs / CHECKS_PER_TIMEOUT;
  let hasStarted = false;
  let silentMs = 0;
  let checkedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    silentMs += Math.min(now - checkedAt, intervalMs * 2);
    checkedAt = now;
    if (silentMs <= (hasStarted ? timeoutMs : START_TIMEOUT_MS)) return;
    clearInterval(timer);
    onSilence(silentMs);
  }, intervalMs);
  return {
    heard() {
      hasStarted = true;
      silentMs = 0;
    },
    stop: () => clearInterval(timer),
  };
}

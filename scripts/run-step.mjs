import { spawn } from 'node:child_process';

/** How long a step may take to end by itself after it was told to. */
const STOP_GRACE_MS = 20_000;
const POLL_MS = 50;

/**
 * Runs one command as the leader of a process group of its own and, when it has ended, kills what it left behind in
 * that group, so that nothing of a step outlives it. Aborting ends it early.
 * @param {readonly string[]} command
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, isQuiet?: boolean, signal: AbortSignal }} options `isQuiet` keeps the
 *   output back, to be shown only if the step fails
 * @returns {Promise<{ isOk: boolean, output: string, seconds: number }>}
 */
export async function runStep(command, { cwd, env, isQuiet = false, signal }) {
  const [file, ...args] = command;
  const startedAt = performance.now();
  const stdio = isQuiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
  const child = spawn(file, args, { cwd, env, stdio, detached: true });
  const chunks = [];
  child.stdout?.on('data', (chunk) => chunks.push(chunk));
  child.stderr?.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
  const stop = () => signalGroup(child.pid, 'SIGTERM');
  const kill = setTimeoutAfterAbort(signal, () => signalGroup(child.pid, 'SIGKILL'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const code = await ended;
  signal.removeEventListener('abort', stop);
  kill.cancel();
  await endGroup(child.pid);
  return {
    isOk: code === 0 && !signal.aborted,
    output: Buffer.concat(chunks).toString('utf8'),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  };
}

function setTimeoutAfterAbort(signal, act) {
  let timer;
  const arm = () => {
    timer = setTimeout(act, STOP_GRACE_MS);
  };
  signal.addEventListener('abort', arm, { once: true });
  return {
    cancel() {
      signal.removeEventListener('abort', arm);
      clearTimeout(timer);
    },
  };
}

/** What is left gets a moment to end by itself: workers of a runner notice that it is gone. */
async function endGroup(pid) {
  const deadline = performance.now() + 2_000;
  while (signalGroup(pid, 0) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  signalGroup(pid, 'SIGKILL');
}

/** Whether there was anybody to signal. */
function signalGroup(pid, signal) {
  if (pid === undefined) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

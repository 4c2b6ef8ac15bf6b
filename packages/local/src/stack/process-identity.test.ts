import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { identifyProcess, isProcessAlive } from './process-identity.ts';
import { stopProcess } from './stop-process.ts';
import { waitUntil } from './wait-until.ts';

const children: ReturnType<typeof spawn>[] = [];

function startSleep(): number {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  children.push(child);
  return child.pid ?? 0;
}

function identify(pid: number) {
  const identity = identifyProcess(pid);
  if (identity === undefined) throw new Error(`no process ${pid}`);
  return identity;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('isProcessAlive', () => {
  it('tells a running process from one that ended', async () => {
    const identity = identify(startSleep());
    expect(isProcessAlive(identity)).toBe(true);
    process.kill(identity.pid, 'SIGKILL');
    expect(await waitUntil(() => !isProcessAlive(identity), { timeoutMs: 5_000 })).toBe(true);
  });

  it('says no when the pid belongs to a later process', () => {
    const identity = identify(startSleep());
    expect(isProcessAlive({ ...identity, startTime: 'earlier:1' })).toBe(false);
  });
});

describe('stopProcess', () => {
  const steps = [{ signal: 'SIGKILL' as const, waitMs: 5_000 }];

  it('stops the process it means', async () => {
    const identity = identify(startSleep());
    await stopProcess(identity, steps);
    expect(isProcessAlive(identity)).toBe(false);
  });

  it('signals nobody when the pid was given to another process', async () => {
    const identity = identify(startSleep());
    await stopProcess({ ...identity, startTime: 'earlier:1' }, steps);
    expect(isProcessAlive(identity)).toBe(true);
  });

  it('goes on to the next signal when the process ignores one', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done']);
    children.push(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const identity = identify(child.pid ?? 0);
    await stopProcess(identity, [{ signal: 'SIGTERM', waitMs: 200 }, ...steps]);
    expect(child.signalCode ?? 'SIGKILL').toBe('SIGKILL');
    expect(isProcessAlive(identity)).toBe(false);
  });
});

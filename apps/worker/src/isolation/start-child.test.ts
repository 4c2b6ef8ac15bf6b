import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { buildChildCommand } from './build-child-command.ts';
import { hasDeathSignal } from './has-death-signal.ts';

const DEADLINE_MS = 10_000;
const pids: number[] = [];
afterEach(() => {
  for (const pid of pids.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A parent that starts a child which prints its pid and then spins for ever. */
async function startFamily(mode: 'kernel' | 'thread'): Promise<{ parent: number; child: number }> {
  const watch = fileURLToPath(new URL('../../dist/isolation/watch-parent.js', import.meta.url));
  const spin = `${mode === 'thread' ? `const { watchParent } = await import(${JSON.stringify(watch)}); watchParent(process.ppid);` : ''}
    process.stdout.write(process.pid + '\\n', () => { setTimeout(() => { for (;;); }, 300); });`;
  const { command, args } = buildChildCommand({
    script: '--input-type=module',
    args: ['-e', spin],
    memoryMb: 64,
    hasDeathSignal: mode === 'kernel',
  });
  const family = `require('node:child_process').spawn(${JSON.stringify(command)}, ${JSON.stringify(args)},
    { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })`;
  const parent = spawn(process.execPath, ['-e', family], { stdio: ['ignore', 'pipe', 'inherit'] });
  const child = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
  pids.push(parent.pid ?? 0, child);
  return { parent: parent.pid ?? 0, child };
}

describe.skipIf(process.platform !== 'linux')('a child that spins', () => {
  it.each(['kernel', 'thread'] as const)('dies with its parent, by the %s', async (mode) => {
    if (mode === 'kernel' && !(await hasDeathSignal())) return;
    const { parent, child } = await startFamily(mode);
    await new Promise((resolve) => setTimeout(resolve, 500)); // it spins by then
    expect(isAlive(child)).toBe(true);
    process.kill(parent, 'SIGKILL');
    const deadline = performance.now() + DEADLINE_MS;
    while (isAlive(child) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAlive(child)).toBe(false);
  });
});

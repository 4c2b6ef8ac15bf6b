import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcessStartError } from './launch-process.ts';
import { writePidFile } from './pid-file.ts';
import { identifyProcess, isProcessAlive } from './process-identity.ts';
import { type RunningProcess, type StartProcessOptions, startProcess } from './start-process.ts';
import { waitUntil } from './wait-until.ts';

const FAST_RESTART = { initialDelayMs: 10, maxDelayMs: 50, resetAfterMs: 60_000 };
let dir: string;
let lines: string[];
const running: RunningProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-process-'));
  lines = [];
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(script: string, options: Partial<StartProcessOptions> = {}): Promise<RunningProcess> {
  const started = await startProcess({
    name: 'probe',
    command: process.execPath,
    args: ['-e', script],
    logFile: join(dir, 'probe.log'),
    readyPattern: /ready/,
    restart: FAST_RESTART,
    log: (message) => lines.push(message),
    ...options,
  });
  running.push(started);
  return started;
}

const SERVE = "console.log('ready'); setInterval(() => {}, 1000)";

describe('startProcess', () => {
  it('starts the process again when it is killed', async () => {
    const probe = await start(SERVE);
    const first = probe.pid ?? 0;
    process.kill(first, 'SIGKILL');
    expect(await waitUntil(() => probe.restarts === 1 && probe.pid !== undefined, { timeoutMs: 10_000 })).toBe(true);
    expect(probe.pid).not.toBe(first);
    expect(lines.join('\n')).toContain('ended unexpectedly (signal SIGKILL)');
  });

  it('fails with the output of the process when it ends before it is ready', async () => {
    const failure = start("console.error('no such table'); process.exit(3)");
    await expect(failure).rejects.toThrow(ProcessStartError);
    await expect(failure).rejects.toThrow(/exit code 3.*\n.*no such table/);
  });

  it('fails and stops the process when it is not ready in time', async () => {
    await expect(start('setInterval(() => {}, 1000)', { readyTimeoutMs: 300 })).rejects.toThrow(
      'not ready within 300 ms',
    );
  });

  it('is ready once the URL answers', async () => {
    const script = `const server = require('node:http').createServer((q, s) => s.end()).listen(0, '127.0.0.1', () => {
      require('node:fs').writeFileSync('port', String(server.address().port)); console.log('ready'); })`;
    const first = await start(script, { cwd: dir });
    const port = Number(readFileSync(join(dir, 'port'), 'utf8'));
    await first.stop();
    const again = script.replace('listen(0', `listen(${port}`).replace("console.log('ready')", '0');
    const second = await start(again, {
      cwd: dir,
      readyPattern: undefined,
      readyUrl: `http://127.0.0.1:${port}/`,
      port,
    });
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(second).toMatchObject({ name: 'probe', port });
  });
});

describe('RunningProcess.stop', () => {
  it('kills the group of a process that ignores SIGTERM, and does not start it again', async () => {
    const script = `process.on('SIGTERM', () => {});
      const child = require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' });
      require('node:fs').writeFileSync('child', String(child.pid)); console.log('ready'); setInterval(() => {}, 1000)`;
    const probe = await start(script, { cwd: dir, stopTimeoutMs: 200 });
    const parent = identifyProcess(probe.pid ?? 0);
    const child = identifyProcess(Number(readFileSync(join(dir, 'child'), 'utf8')));
    if (parent === undefined || child === undefined) throw new Error('both must be running');
    await probe.stop();
    expect(isProcessAlive(parent)).toBe(false);
    expect(await waitUntil(() => !isProcessAlive(child), { timeoutMs: 5_000 })).toBe(true);
    expect(probe.restarts).toBe(0);
  });

  it('kills what a process that ended by itself has left in its group', async () => {
    const script = `const child = require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' });
      require('node:fs').writeFileSync('child', String(child.pid)); console.log('ready'); process.on('SIGTERM', () => process.exit(0))`;
    const probe = await start(script, { cwd: dir });
    const child = identifyProcess(Number(readFileSync(join(dir, 'child'), 'utf8')));
    if (child === undefined) throw new Error('the child must be running');
    await probe.stop();
    expect(await waitUntil(() => !isProcessAlive(child), { timeoutMs: 5_000 })).toBe(true);
  });
});

describe('startProcess on the remains of an earlier launcher', () => {
  it('stops the process the pid file speaks of', async () => {
    const orphan = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
    const identity = identifyProcess(orphan.pid ?? 0);
    if (identity === undefined) throw new Error('the orphan must be running');
    writePidFile(join(dir, 'probe.pid'), identity);
    await start(SERVE);
    expect(isProcessAlive(identity)).toBe(false);
  });

  it('leaves a process alone that merely has got the pid', async () => {
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
    const identity = identifyProcess(stranger.pid ?? 0);
    if (identity === undefined) throw new Error('the stranger must be running');
    writeFileSync(join(dir, 'probe.pid'), JSON.stringify({ ...identity, startTime: 'earlier:1' }));
    await start(SERVE);
    expect(isProcessAlive(identity)).toBe(true);
    stranger.kill('SIGKILL');
  });
});

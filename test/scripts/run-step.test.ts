import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runStep } from '../../scripts/run-step.mjs';
import { eventually } from '../support/eventually.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightshift-step-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('runStep', () => {
  it('keeps a quiet command’s output and says how it ended', async () => {
    const command = [process.execPath, '-e', 'console.log("out"); console.error("err"); process.exitCode = 3'];
    const result = await runStep(command, optionsOf(new AbortController()));
    expect(result.isOk).toBe(false);
    expect(result.output.split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('fails with the reason when there is no such command', async () => {
    const result = await runStep([path.join(folder, 'none')], optionsOf(new AbortController()));
    expect(result).toMatchObject({ isOk: false, output: expect.stringContaining('ENOENT') });
  });

  it('leaves no process of the command behind', async () => {
    const pidFile = path.join(folder, 'pid');
    const result = await runStep([process.execPath, '-e', startsChild(pidFile)], optionsOf(new AbortController()));
    expect(result.isOk).toBe(true);
    const pid = Number(await readFile(pidFile, 'utf8'));
    await eventually('the child has ended', () => !isRunning(pid));
  });

  it('ends the command when it is aborted', async () => {
    const stopping = new AbortController();
    const pidFile = path.join(folder, 'pid');
    const step = runStep(
      [process.execPath, '-e', `${startsChild(pidFile)}; setInterval(() => {}, 1000)`],
      optionsOf(stopping),
    );
    const pid = await eventually('the child runs', () => Number(readIfThere(pidFile)) || undefined);
    stopping.abort();
    expect((await step).isOk).toBe(false);
    await eventually('the child has ended', () => !isRunning(pid));
  });
});

function optionsOf(stopping: AbortController) {
  return { cwd: folder, env: process.env, isQuiet: true, signal: stopping.signal };
}

/** Code that starts a process which would run for ever, and ends at once itself. */
function startsChild(pidFile: string): string {
  return `
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
    child.unref()`;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A process that ended but was not collected by its parent yet counts as ended. */
function isRunning(pid: number): boolean {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat !== '' && !/\) [ZX] /.test(stat);
}

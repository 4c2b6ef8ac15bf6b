import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AlreadyRunningError, lockDataDir } from './lock-data-dir.ts';
import { identifyProcess } from './process-identity.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nightshift-lock-'));
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

describe('lockDataDir', () => {
  it('refuses a second launcher with the pid of the first, until that one releases it', () => {
    const lock = lockDataDir(dataDir);
    expect(() => lockDataDir(dataDir)).toThrow(AlreadyRunningError);
    expect(() => lockDataDir(dataDir)).toThrow(`pid ${process.pid}`);
    lock.release();
    lockDataDir(dataDir).release();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('takes over from a holder whose pid was given to another process', () => {
    const holder = { ...identifyProcess(process.pid), startTime: 'earlier:1' };
    writeFileSync(join(dataDir, 'launcher.lock'), JSON.stringify(holder));
    const lock = lockDataDir(dataDir);
    expect(() => lockDataDir(dataDir)).toThrow(AlreadyRunningError);
    lock.release();
  });

  it('takes over from a dead holder even when a launcher died in the middle of doing so', () => {
    const dead = JSON.stringify({ pid: 4_194_304, startTime: 'earlier:1' });
    writeFileSync(join(dataDir, 'launcher.lock'), dead);
    writeFileSync(join(dataDir, 'launcher.lock.4194304-earlier1'), dead);
    lockDataDir(dataDir).release();
  });

  it('takes over a damaged lock file', () => {
    writeFileSync(join(dataDir, 'launcher.lock'), '{"pid":');
    lockDataDir(dataDir).release();
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPortFree } from './choose-port.ts';
import { AlreadyRunningError } from './lock-data-dir.ts';
import { identifyProcess, isProcessAlive } from './process-identity.ts';
import type { StackEnvironment } from './stack-settings.ts';
import { type Stack, startStack } from './start-stack.ts';

const PROJECT_ROOT = resolve(import.meta.dirname, '../../../..');
const cacheDir = process.env.NIGHTSHIFT_CACHE_DIR ?? join(PROJECT_ROOT, '.nightshift', 'cache');
const DOWNLOAD_TIMEOUT_MS = 180_000;
const SERVE = "console.log('ready'); setInterval(() => {}, 1000)";

let dataDir: string;
let lines: string[];
const stacks: Stack[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nightshift-stack-'));
  lines = [];
});

afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(env: StackEnvironment = {}): Promise<Stack> {
  const stack = await startStack({ dataDir, cacheDir, env, log: (message) => lines.push(message) });
  stacks.push(stack);
  return stack;
}

function settingsOf({ databaseUrl, redisUrl, s3, polly, anthropic }: Stack) {
  return { databaseUrl, redisUrl, s3, polly, anthropic };
}

describe('startStack', () => {
  it('runs all five here, stops them all, and has the same settings again', {
    timeout: DOWNLOAD_TIMEOUT_MS,
  }, async () => {
    const first = await start();
    expect(first.services.map(({ name, place }) => `${name} ${place}`)).toEqual(
      ['postgres', 'redis', 's3', 'speech', 'model'].map((name) => `${name} here`),
    );
    const ports = first.services.map(({ port }) => port ?? 0);
    expect(await Promise.all(ports.map(isPortFree))).toEqual(ports.map(() => false));
    for (const url of [first.s3.endpoint, first.polly.endpoint, first.anthropic.baseUrl]) {
      expect((await fetch(url ?? '')).status).toBeGreaterThanOrEqual(200);
    }
    const settings = settingsOf(first);
    await first.stop();
    expect(await Promise.all(ports.map(isPortFree))).toEqual(ports.map(() => true));
    expect(settingsOf(await start())).toEqual(settings);
  });

  it('refuses a second launcher on the same folder and leaves the first one alone', async () => {
    const first = await start({ DATABASE_URL: 'postgres://elsewhere', REDIS_URL: 'redis://elsewhere' });
    await expect(start()).rejects.toThrow(AlreadyRunningError);
    await expect(start()).rejects.toThrow(`pid ${process.pid}`);
    expect((await fetch(first.anthropic.baseUrl ?? '')).status).toBeGreaterThanOrEqual(200);
  });

  it('starts only what is not given', async () => {
    const stack = await start({
      DATABASE_URL: 'postgres://elsewhere',
      REDIS_URL: 'redis://elsewhere',
      S3_BUCKET: 'elsewhere',
      ANTHROPIC_API_KEY: 'key',
    });
    expect(stack.services.filter(({ place }) => place === 'here').map(({ name }) => name)).toEqual(['speech']);
    expect(stack).toMatchObject({ databaseUrl: 'postgres://elsewhere', anthropic: { apiKey: 'key' } });
    expect(stack.s3).toMatchObject({ bucket: 'elsewhere', forcePathStyle: false });
  });

  it('stops the others and gives the folder up when one cannot be started', async () => {
    writeFileSync(join(dataDir, 'redis'), 'in the way');
    await expect(start()).rejects.toThrow(/redis/);
    const pid = Number(/postgres .* pid (\d+)/.exec(lines.join('\n'))?.[1]);
    expect(pid).toBeGreaterThan(1);
    expect(identifyProcess(pid)).toBeUndefined();
    rmSync(join(dataDir, 'redis'));
    await start({ DATABASE_URL: 'postgres://elsewhere', REDIS_URL: 'redis://elsewhere' });
  });
});

describe('Stack.startProcess', () => {
  const OUTSIDE = { DATABASE_URL: 'x', REDIS_URL: 'x', S3_BUCKET: 'x', POLLY_ENDPOINT: 'x', ANTHROPIC_API_KEY: 'x' };

  it('lists its processes and stops them with the stack', async () => {
    const stack = await start(OUTSIDE);
    const options = { command: process.execPath, args: ['-e', SERVE], readyPattern: /ready/ };
    await stack.startProcess({ ...options, name: 'api', port: 1234 });
    await stack.startProcess({ ...options, name: 'worker-1' });
    await expect(stack.startProcess({ ...options, name: 'api' })).rejects.toThrow('running already');
    expect(stack.processes).toMatchObject([{ name: 'api', port: 1234 }, { name: 'worker-1' }]);
    const identities = stack.processes.map(({ pid }) => identifyProcess(pid ?? 0));
    await stack.stop();
    for (const identity of identities) {
      if (identity === undefined) throw new Error('every process must have been running');
      expect(isProcessAlive(identity)).toBe(false);
    }
    await expect(stack.startProcess({ ...options, name: 'late' })).rejects.toThrow('stopping');
  });

  it('gives up a start that is not finished when the stack is stopped', async () => {
    const stack = await start(OUTSIDE);
    const options = { name: 'api', command: process.execPath, args: ['-e', SERVE], readyPattern: /never/ };
    const starting = expect(stack.startProcess(options)).rejects.toThrow('abandoned');
    await stack.stop();
    await starting;
  });
});

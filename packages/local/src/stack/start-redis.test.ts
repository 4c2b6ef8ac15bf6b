import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPortFree } from './choose-port.ts';
import { type RunningRedis, startRedis } from './start-redis.ts';
import { waitUntil } from './wait-until.ts';

const PROJECT_ROOT = resolve(import.meta.dirname, '../../../..');
const cacheDir = process.env.NIGHTSHIFT_CACHE_DIR ?? join(PROJECT_ROOT, '.nightshift', 'cache');
/** The first test may have to fetch Redis. */
const DOWNLOAD_TIMEOUT_MS = 180_000;

let dataDir: string;
let lines: string[];
const running: RunningRedis[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nightshift-redis-'));
  lines = [];
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<RunningRedis> {
  const redis = await startRedis({ dataDir, cacheDir, log: (message) => lines.push(message) });
  running.push(redis);
  return redis;
}

/** Sends inline commands on one connection and answers everything Redis replied. */
function send(url: string, ...commands: string[]): Promise<string> {
  const { port, password } = new URL(url);
  return new Promise((done, fail) => {
    const socket = connect(Number(port), '127.0.0.1');
    let reply = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      reply += text;
    });
    socket.once('error', fail);
    socket.once('close', () => done(reply));
    const login = password === '' ? [] : [`AUTH ${password}`];
    socket.write([...login, ...commands, 'QUIT', ''].join('\r\n'));
  });
}

function findDataFile(suffix: string): string {
  const name = readdirSync(join(dataDir, 'data', 'appendonlydir')).find((candidate) => candidate.endsWith(suffix));
  if (name === undefined) throw new Error(`there must be a ${suffix} file`);
  return name;
}

describe('startRedis', () => {
  it('keeps data, password and port over a stop and a start', { timeout: DOWNLOAD_TIMEOUT_MS }, async () => {
    const first = await start();
    expect(await send(first.url, 'SET answer 42')).toBe('+OK\r\n+OK\r\n+OK\r\n');
    await first.stop();
    expect(await isPortFree(first.port)).toBe(true);
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await send(second.url, 'GET answer')).toContain('42');
    for (const name of ['password', 'redis.conf']) expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
  });

  it('is private and fit for a queue', async () => {
    const { url } = await start();
    expect(await send(url.replace(/:[^:@/]+@/, ''), 'PING')).toContain('-NOAUTH');
    const settings = ['appendonly', 'appendfsync', 'maxmemory-policy', 'bind', 'enable-debug-command'];
    const reply = await send(url, ...settings.map((name) => `CONFIG GET ${name}`));
    expect(reply.match(/^(yes|everysec|noeviction|127\.0\.0\.1|no)\r$/gm)?.map((line) => line.trim())).toEqual([
      'yes',
      'everysec',
      'noeviction',
      '127.0.0.1',
      'no',
    ]);
  });

  it('starts Redis again, with its data, when it is killed', async () => {
    const redis = await start();
    await send(redis.url, 'SET answer 42');
    const first = redis.pid ?? 0;
    process.kill(first, 'SIGKILL');
    const isBack = () => redis.pid !== undefined && redis.pid !== first;
    expect(await waitUntil(isBack, { timeoutMs: 30_000 }), lines.join('\n')).toBe(true);
    expect(await send(redis.url, 'GET answer')).toContain('42');
  });

  it.each([
    ['.incr.aof', (content: Buffer) => content.write('????', content.indexOf('*3', content.length / 2))],
    ['.base.rdb', (content: Buffer) => content.fill('?')],
    ['.manifest', (content: Buffer) => content.fill('?')],
  ])('puts its data aside and starts empty, loudly, when the %s file is damaged', async (suffix, damage) => {
    const first = await start();
    await send(first.url, ...Array.from({ length: 50 }, (_, index) => `SET key-${index} ${'x'.repeat(100)}`));
    await first.stop();
    const file = findDataFile(suffix);
    const content = readFileSync(join(dataDir, 'data', 'appendonlydir', file));
    damage(content);
    writeFileSync(join(dataDir, 'data', 'appendonlydir', file), content);

    const second = await start();
    expect(await send(second.url, 'DBSIZE')).toContain(':0');
    expect(lines.join('\n')).toContain('ITS DATA IS DAMAGED');
    const aside = readdirSync(dataDir).find((name) => name.startsWith('data.damaged-')) ?? '';
    expect(readFileSync(join(dataDir, aside, 'appendonlydir', file))).toEqual(content);
    await send(second.url, 'SET answer 42');
    await second.stop();
    expect(await send((await start()).url, 'GET answer')).toContain('42');
  });

  it('loads a file whose last command was cut off', async () => {
    const first = await start();
    await send(first.url, 'SET answer 42', 'SET last 43');
    await first.stop();
    const path = join(dataDir, 'data', 'appendonlydir', findDataFile('.incr.aof'));
    const content = readFileSync(path);
    writeFileSync(path, content.subarray(0, content.length - 7));
    const second = await start();
    expect(await send(second.url, 'GET answer')).toContain('42');
    expect(lines.join('\n')).not.toContain('DAMAGED');
  });
});

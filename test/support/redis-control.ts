import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { startRedis } from '../../packages/local/src/stack/start-redis.ts';

/** A Redis of its own that a test may hurt. Its address stays the same through every stop and start. */
export interface RedisControl {
  readonly url: string;
  readonly port: number;
  /** Runs a command on a connection of its own; rejects when Redis is away. */
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  flush(): Promise<void>;
  /** CLIENT PAUSE: Redis answers nothing (ALL) or no write (WRITE) for so long. */
  pause(forMs: number, mode: 'ALL' | 'WRITE'): Promise<void>;
  /** CLIENT KILL of every client, or of the subscribers alone. */
  killClients(kind: 'normal' | 'pubsub'): Promise<void>;
  /** SIGSTOP: sockets stay open, nothing is answered. `thaw` is SIGCONT. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** kill -9; it does not come back by itself. */
  kill(): Promise<void>;
  /** Starts it again with the data it has. */
  start(): Promise<void>;
  /** kill -9, and back without any data. */
  restartEmpty(): Promise<void>;
  /** Remembers the append-only files as they are now. */
  takeCopy(): Promise<void>;
  /** kill -9, and back with the files of the last copy: Redis as a failover to a lagging replica leaves it. */
  rewind(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisControl(options: { dataDir: string; cacheDir: string }): Promise<RedisControl> {
  const { dataDir, cacheDir } = options;
  const filesDir = path.join(dataDir, 'data');
  const copyDir = await mkdtemp(path.join(tmpdir(), 'nightshift-redis-copy-'));
  const launch = (port?: number) => startRedis({ dataDir, cacheDir, port, log: () => undefined });
  let redis = await launch();
  const { url, port } = redis;
  let isRunning = true;
  const signal = async (name: NodeJS.Signals) => {
    const pid = Number(await readFile(path.join(dataDir, 'redis-server.pid'), 'utf8'));
    if (pid > 0) process.kill(pid, name);
  };
  const kill = async () => {
    if (!isRunning) return;
    isRunning = false;
    await signal('SIGKILL').catch(() => undefined);
    await redis.stop(); // so that its keeper does not start it again
  };
  const start = async () => {
    if (isRunning) return;
    redis = await launch(port);
    isRunning = true;
  };
  const call = (command: string, ...args: (string | number)[]) => callOnce(url, command, args);
  return {
    url,
    port,
    call,
    flush: async () => void (await call('FLUSHALL')),
    pause: async (forMs, mode) => void (await call('CLIENT', 'PAUSE', Math.round(forMs), mode)),
    killClients: async (kind) => void (await call('CLIENT', 'KILL', 'TYPE', kind)),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    kill,
    start,
    async restartEmpty() {
      await kill();
      await rm(filesDir, { recursive: true, force: true });
      await start();
    },
    async takeCopy() {
      await rm(copyDir, { recursive: true, force: true });
      await cp(filesDir, copyDir, { recursive: true });
    },
    async rewind() {
      await kill();
      await rm(filesDir, { recursive: true, force: true });
      await cp(copyDir, filesDir, { recursive: true });
      await start();
    },
    async stop() {
      if (isRunning) await signal('SIGCONT').catch(() => undefined);
      await redis.stop();
      await rm(copyDir, { recursive: true, force: true });
    },
  };
}

async function callOnce(url: string, command: string, args: (string | number)[]): Promise<unknown> {
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    commandTimeout: 10_000,
    connectTimeout: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

import { callWithFailpoints } from '@nightshift/resilience';
import type { Logger } from '@nightshift/telemetry';
import pg from 'pg';
import { type PoolOptions, type Queryable, toClientConfig } from './open-pool.ts';
import { createConnectionLoss } from './run-query.ts';

/** Between tries to connect, or to take a lock that a dead connection of ours may still hold. */
const RETRY_DELAY_MS = 100;
const MAX_RETRY_DELAY_MS = 1_000;

/**
 * One connection of its own that holds session locks. When the process dies, the kernel closes the socket and Postgres
 * frees the locks within milliseconds: that is how others notice. Needs a direct connection, no transaction pooler.
 */
export interface Session {
  /** Takes this lock on every connection this session will ever have; resolves when it is held for the first time. */
  hold(key: bigint): Promise<void>;
  /** Runs statements on the connection; locks that they take are gone when it is lost, and are not taken again. */
  use<T>(work: (connection: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openSession(options: Omit<PoolOptions, 'maxConnections'>): Session {
  const held = new Set<bigint>();
  const stopping = new AbortController();
  /** Connected, and with every lock of `held`. */
  let ready: pg.Client | undefined;
  let becomingReady: Promise<pg.Client> | undefined;

  function getReady(): Promise<pg.Client> {
    if (ready) return Promise.resolve(ready);
    becomingReady ??= connect().finally(() => {
      becomingReady = undefined;
    });
    return becomingReady;
  }

  async function connect(): Promise<pg.Client> {
    for (let delayMs = RETRY_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_RETRY_DELAY_MS)) {
      stopping.signal.throwIfAborted();
      const client = new pg.Client(toClientConfig(options));
      let lost = false;
      client.on('error', () => undefined); // followed by `end`
      client.once('end', () => {
        lost = true;
        if (client === ready) reconnect();
      });
      try {
        await callWithFailpoints('store.session-connect', () => client.connect(), createConnectionLoss);
        for (const key of held) await takeForSure(client, key, options.log, stopping.signal);
        if (lost) throw new Error('the connection was lost while locks were taken');
        stopping.signal.throwIfAborted();
        ready = client;
        return client;
      } catch (error) {
        options.log.debug({ error: String(error) }, 'session not ready; trying again');
        client.end().catch(() => undefined);
        await pause(delayMs, stopping.signal);
      }
    }
  }

  function reconnect(): void {
    ready = undefined;
    if (!stopping.signal.aborted) options.log.warn('session connection lost; reconnecting');
    getReady().catch(() => undefined);
  }

  return {
    async hold(key) {
      const client = await getReady();
      held.add(key); // first, so that a connection made meanwhile takes it too
      if (client === ready && (await tryTake(client, key).catch(() => false))) return;
      held.delete(key);
      throw new Error(`session lock ${key} was not taken`);
    },
    use: async (work) => work(await getReady()),
    async close() {
      stopping.abort(new Error('the session is closed'));
      await becomingReady?.catch(() => undefined);
      await ready?.end();
    },
  };
}

/** After a half-open connection the server may not know yet that its predecessor is gone, and still hold its locks. */
async function takeForSure(client: pg.Client, key: bigint, log: Logger, stopping: AbortSignal): Promise<void> {
  while (!(await tryTake(client, key))) {
    log.warn('a session lock is still held by a connection that is gone; trying again');
    await pause(RETRY_DELAY_MS, stopping);
    stopping.throwIfAborted();
  }
}

async function tryTake(client: pg.Client, key: bigint): Promise<boolean> {
  const sql = 'select pg_try_advisory_lock($1::bigint) as taken';
  const result = await callWithFailpoints(
    'store.session-lock',
    () => client.query<{ taken: boolean }>(sql, [key.toString()]),
    createConnectionLoss,
  );
  return result.rows[0]?.taken === true;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

import pg from 'pg';
import { type PoolOptions, toClientConfig } from './open-pool.ts';

const RECONNECT_DELAY_MS = 100;
const MAX_RECONNECT_DELAY_MS = 1_000;

/**
 * One connection of its own that holds session locks. When the process dies, the kernel closes the socket and Postgres
 * frees the locks within milliseconds: that is how others notice. Needs a direct connection, no transaction pooler.
 */
export interface Session {
  /** Takes this lock on every connection this session will ever have; resolves when it is held for the first time. */
  hold(key: bigint): Promise<void>;
  close(): Promise<void>;
}

export function openSession(options: Omit<PoolOptions, 'maxConnections'>): Session {
  const held = new Set<bigint>();
  let client: pg.Client | undefined;
  let connecting: Promise<pg.Client> | undefined;
  let owned = new Set<bigint>();
  let closed = false;

  async function connect(): Promise<pg.Client> {
    for (let delayMs = RECONNECT_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_RECONNECT_DELAY_MS)) {
      if (closed) throw new Error('the session is closed');
      const next = new pg.Client(toClientConfig(options));
      next.on('error', () => undefined); // followed by `end`
      try {
        await next.connect();
        next.once('end', () => lose(next));
        client = next;
        owned = new Set();
        for (const key of held) await take(next, key);
        return next;
      } catch (error) {
        options.log.debug({ error: String(error) }, 'session not connected');
        next.end().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  function lose(lost: pg.Client): void {
    if (client !== lost) return;
    client = undefined;
    owned = new Set();
    if (closed) return;
    options.log.warn('session connection lost; reconnecting');
    current().catch(() => undefined);
  }

  function current(): Promise<pg.Client> {
    if (client) return Promise.resolve(client);
    connecting ??= connect().finally(() => {
      connecting = undefined;
    });
    return connecting;
  }

  async function take(on: pg.Client, key: bigint): Promise<boolean> {
    const result = await on.query<{ taken: boolean }>('select pg_try_advisory_lock($1::bigint) as taken', [
      key.toString(),
    ]);
    const taken = result.rows[0]?.taken === true;
    if (taken) owned.add(key);
    return taken;
  }

  return {
    async hold(key) {
      held.add(key);
      const on = await current();
      if (!owned.has(key) && !(await take(on, key))) throw new Error(`session lock ${key} is held by somebody else`);
    },
    async close() {
      closed = true;
      await client?.end();
    },
  };
}

import { randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createFailure } from '@nightshift/domain';
import { type Breakers, createLocalBreakers } from '@nightshift/resilience';
import { createMetrics, createSilentLogger } from '@nightshift/telemetry';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createSharedBreakers } from './shared-breakers.ts';

const OPTIONS = { failureThreshold: 3, openMs: 1_000, probeLeaseMs: 500 };
const OUTAGE = createFailure('tool_failed', 'down');
const RATE_LIMIT = createFailure('tool_rate_limited', 'slow down', { retryAfterMs: 5_000 });

let redis: Redis;
const prefix = `test-${randomUUID()}`;

beforeAll(() => {
  redis = new Redis(inject('redisUrl'), { replyMapping: 'legacy' });
});

afterAll(async () => {
  const names = await redis.keys(`${prefix}:*`);
  if (names.length > 0) await redis.del(...names);
  redis.disconnect();
});

function open(now?: () => number): { breakers: Breakers; metrics: ReturnType<typeof createMetrics> } {
  const metrics = createMetrics();
  const breakers = createSharedBreakers({ redis, prefix, log: createSilentLogger(), metrics, ...(now && { now }) });
  return { breakers, metrics };
}

describe('createSharedBreakers', () => {
  it('shares one breaker between two workers: one report opens it, one probe at a time, success closes it', async () => {
    let now = 1_000_000;
    const [a, b] = [open(() => now).breakers, open(() => now).breakers];
    const key = `shared-${randomUUID()}`;
    await a.before(key, OPTIONS);
    await b.before(key, OPTIONS);
    expect((await a.failed(key, OUTAGE)).opened).toBe(false);
    expect((await b.failed(key, OUTAGE)).opened).toBe(false);
    expect((await a.failed(key, OUTAGE)).opened).toBe(true);
    expect((await b.failed(key, OUTAGE)).opened).toBe(false);
    expect(await b.before(key, OPTIONS)).toMatchObject({ kind: 'refused', retryAfterMs: 1_000 });
    now += 1_000;
    const probe = await b.before(key, OPTIONS);
    expect(probe).toEqual({ kind: 'pass', probe: true, token: String(now + 500) });
    expect(await a.before(key, OPTIONS)).toMatchObject({ kind: 'refused', retryAfterMs: 500 });
    expect(await b.succeeded(key, String(now + 500))).toMatchObject({ closed: true, state: { kind: 'closed' } });
    expect(await a.before(key, OPTIONS)).toEqual({ kind: 'pass', probe: false });
  });

  it('lets somebody else probe when the prober died', async () => {
    let now = 1_000_000;
    const { breakers } = open(() => now);
    const key = `dead-${randomUUID()}`;
    await breakers.before(key, { ...OPTIONS, failureThreshold: 1 });
    await breakers.failed(key, OUTAGE);
    now += 1_000;
    const dead = await breakers.before(key, OPTIONS);
    now += 499;
    expect((await breakers.before(key, OPTIONS)).kind).toBe('refused');
    now += 1;
    expect(await breakers.before(key, OPTIONS)).toMatchObject({ kind: 'pass', probe: true });
    const late = await breakers.succeeded(key, dead.kind === 'pass' ? dead.token : undefined);
    expect(late.state.kind).toBe('half_open');
  });

  it('never counts a 429', async () => {
    const { breakers } = open();
    const key = `limited-${randomUUID()}`;
    await breakers.before(key, { ...OPTIONS, failureThreshold: 1 });
    for (let i = 0; i < 5; i++) await breakers.failed(key, RATE_LIMIT);
    expect(await breakers.state(key)).toEqual({ kind: 'closed', failures: 0 });
  });

  it('uses the clock of Redis without an injected one', async () => {
    const { breakers } = open();
    const key = `clock-${randomUUID()}`;
    await breakers.before(key, { ...OPTIONS, failureThreshold: 1 });
    await breakers.failed(key, OUTAGE);
    const [seconds] = await redis.time();
    const state = await breakers.state(key);
    expect(state.kind === 'open' && Math.abs(state.openedAt - Number(seconds) * 1000)).toBeLessThan(5_000);
  });

  it('is forced open and closed by an operator for the whole fleet, listed, and shown as a metric', async () => {
    const [a, b] = [open(), open()];
    const key = `forced-${randomUUID()}`;
    await a.breakers.force(key, 'open');
    expect((await b.breakers.before(key, OPTIONS)).kind).toBe('refused');
    expect(await b.metrics.registry.getSingleMetricAsString('nightshift_breaker_state')).toContain(`key="${key}"} 2`);
    await a.breakers.force(key, 'closed');
    for (let i = 0; i < 9; i++) await b.breakers.failed(key, OUTAGE);
    expect(await b.breakers.before(key, OPTIONS)).toEqual({ kind: 'pass', probe: false });
    expect(await a.breakers.list()).toContainEqual({ key, state: { kind: 'forced', to: 'closed' } });
    expect(await a.breakers.force(key, null)).toEqual({ kind: 'closed', failures: 0 });
  });

  it('forgets a breaker whose keys are gone, and counts from zero', async () => {
    const { breakers } = open();
    const key = `flushed-${randomUUID()}`;
    await breakers.before(key, { ...OPTIONS, failureThreshold: 1 });
    await breakers.failed(key, OUTAGE);
    await redis.del(`${prefix}:{breaker:${key}}`);
    expect((await breakers.list()).map((listed) => listed.key)).not.toContain(key);
    expect(await breakers.before(key, OPTIONS)).toEqual({ kind: 'pass', probe: false });
    expect((await breakers.list()).map((listed) => listed.key)).toContain(key);
  });
});

type Step =
  | { do: 'before' }
  | { do: 'succeeded' | 'failed' | 'limited' | 'released'; withToken: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'force'; to: 'open' | 'closed' | null };

const PLAY_OPTIONS = { ...OPTIONS, failureThreshold: 2 };

/** Weighted so that most sequences open the breaker, wait exactly to a boundary, and settle a probe. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'before' }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('failed' as const), withToken: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('succeeded' as const, 'limited' as const, 'released' as const),
      withToken: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 499, 500, 999, 1_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('force' as const),
      to: fc.constantFrom('open' as const, 'closed' as const, null, null),
    }),
  },
);

async function play(breakers: Breakers, key: string, steps: readonly Step[], clock: { now: number }) {
  const seen: unknown[] = [];
  let token: string | undefined;
  await breakers.before(key, PLAY_OPTIONS);
  for (const action of steps) {
    const used = 'withToken' in action && action.withToken ? token : undefined;
    if (action.do === 'before') {
      const verdict = await breakers.before(key, PLAY_OPTIONS);
      if (verdict.kind === 'pass' && verdict.probe) token = verdict.token;
      seen.push(verdict);
    } else if (action.do === 'wait') clock.now += action.ms;
    else if (action.do === 'force') seen.push(await breakers.force(key, action.to));
    else if (action.do === 'succeeded') seen.push(await breakers.succeeded(key, used));
    else if (action.do === 'released') seen.push(await breakers.released(key, used));
    else seen.push(await breakers.failed(key, action.do === 'failed' ? OUTAGE : RATE_LIMIT, used));
    seen.push(await breakers.state(key));
  }
  return seen;
}

describe('the breaker scripts', () => {
  it('make the same transitions as the pure ones for any sequence', async () => {
    const clock = { now: 0 };
    const { breakers: shared } = open(() => clock.now);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const key = `random-${randomUUID()}`;
        clock.now = 1_700_000_000_000;
        const inRedis = await play(shared, key, steps, clock);
        clock.now = 1_700_000_000_000;
        const pure = await play(createLocalBreakers({ now: () => clock.now }), key, steps, clock);
        expect(inRedis).toEqual(pure);
      }),
      { numRuns: 200 },
    );
  });
});

describe('createSharedBreakers without Redis', () => {
  const servers: { server: Server; sockets: Set<Socket> }[] = [];
  const clients: Redis[] = [];

  afterAll(() => {
    for (const client of clients) client.disconnect();
    for (const { server, sockets } of servers) {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  /** Accepts connections and never answers: the outage that hangs instead of failing. */
  async function openSilentRedis(): Promise<Redis> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    });
    servers.push({ server, sockets });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    const client = new Redis(address.port, '127.0.0.1', { maxRetriesPerRequest: null, replyMapping: 'legacy' });
    client.on('error', () => {});
    clients.push(client);
    return client;
  }

  it('goes on within the deadline when Redis does not answer, and opens for this process', async () => {
    const silent = await openSilentRedis();
    const breakers = createSharedBreakers({
      redis: silent,
      prefix,
      log: createSilentLogger(),
      metrics: createMetrics(),
    });
    const key = 'away';
    const startedAt = performance.now();
    expect(await breakers.before(key, OPTIONS)).toEqual({ kind: 'pass', probe: false });
    for (let i = 0; i < 3; i++) await breakers.failed(key, OUTAGE);
    expect((await breakers.before(key, OPTIONS)).kind).toBe('refused');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect((await breakers.list()).map((listed) => listed.key)).toEqual([key]);
    await expect(breakers.force(key, 'open')).rejects.toMatchObject({ failure: { code: 'storage_unavailable' } });
  });

  it('goes on from the state it last saw, with its options, when Redis goes away', async () => {
    const leaving = new Redis(inject('redisUrl'), { replyMapping: 'legacy', enableOfflineQueue: false });
    clients.push(leaving);
    leaving.on('error', () => {});
    await new Promise((resolve) => leaving.once('ready', resolve));
    const breakers = createSharedBreakers({
      redis: leaving,
      prefix,
      log: createSilentLogger(),
      metrics: createMetrics(),
    });
    const key = `leaving-${randomUUID()}`;
    await breakers.before(key, OPTIONS);
    await breakers.failed(key, OUTAGE);
    await breakers.failed(key, OUTAGE);
    leaving.disconnect();
    expect((await breakers.failed(key, OUTAGE)).opened).toBe(true);
    expect((await breakers.before(key, OPTIONS)).kind).toBe('refused');
  });
});

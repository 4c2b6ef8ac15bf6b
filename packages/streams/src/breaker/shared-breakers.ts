import { type BreakerReport, type Breakers, countsAsOutage, toOpenMs } from '@nightshift/resilience';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Redis } from 'ioredis';
import { createBreakerDesk } from './breaker-desk.ts';
import { createBreakerKeys } from './breaker-keys.ts';
import { createBreakerMirror } from './breaker-mirror.ts';
import { type BreakerChange, createBreakerScripts } from './breaker-scripts.ts';
import { createRedisGate } from './redis-gate.ts';

export interface SharedBreakersDeps {
  redis: Redis;
  /** Prefix of every key, as for the other names of this installation. */
  prefix: string;
  log: Logger;
  metrics: Pick<Metrics, 'breakerState'>;
  /** For tests: the clock of this process and, when given, of the scripts too. Default: Date.now and Redis's TIME. */
  now?: () => number;
}

/**
 * Breakers shared by the fleet (ARCHITECTURE.md 14). Redis holds the state and its clock rules; while Redis is away, each
 * process goes on from the state it last saw. No call waits longer than REDIS_DEADLINE_MS for Redis, and none rejects for
 * it, except `force`: an operator must not believe that the fleet obeyed when one process did.
 */
export function createSharedBreakers(deps: SharedBreakersDeps): Breakers {
  const { redis, log } = deps;
  const now = deps.now ?? Date.now;
  const mirror = createBreakerMirror({ metrics: deps.metrics, now });
  const scripts = createBreakerScripts(redis, deps.now);
  const keys = createBreakerKeys(deps.prefix);
  const gate = createRedisGate({ log, now });

  /** Makes a transition in Redis, or the same one in this process. */
  async function report(
    key: string,
    inRedis: (name: string) => Promise<BreakerChange>,
    inProcess: () => Promise<BreakerReport>,
  ): Promise<BreakerReport> {
    const change = await gate.ask(() => inRedis(keys.breaker(key)));
    const outcome = change ? toReport(change) : await inProcess();
    if (change) mirror.observe(key, change);
    else mirror.show(key, outcome.state);
    if (outcome.opened) log.warn({ breaker: key, state: outcome.state }, 'breaker opened');
    if (outcome.closed) log.info({ breaker: key }, 'breaker closed');
    return outcome;
  }

  /** An ordinary call that says nothing about the service changes nothing, and costs no round trip. */
  async function release(key: string, token: string | undefined): Promise<BreakerReport> {
    if (token === undefined) return { state: await mirror.local.state(key), opened: false, closed: false };
    const inProcess = () => mirror.local.released(key, token);
    return report(key, (name) => scripts.release(name, token), inProcess);
  }

  return {
    async before(key, given) {
      const options = mirror.configure(key, given);
      const admission = await gate.ask(async () => {
        const answer = await scripts.admit(keys.breaker(key), options);
        if (answer.created) await redis.sadd(keys.index, key);
        return answer;
      });
      if (!admission) return mirror.local.before(key, options);
      mirror.observe(key, admission);
      return admission.verdict;
    },
    succeeded(key, token) {
      const inProcess = () => mirror.local.succeeded(key, token);
      return report(key, (name) => scripts.succeed(name, token), inProcess);
    },
    async failed(key, failure, token) {
      if (!countsAsOutage(failure)) return release(key, token);
      const options = mirror.optionsOf(key);
      const trip = { threshold: options.failureThreshold, openMs: toOpenMs(failure, options) };
      const inProcess = () => mirror.local.failed(key, failure, token);
      return report(key, (name) => scripts.fail(name, token, trip), inProcess);
    },
    released: release,
    ...createBreakerDesk({ redis, keys, scripts, gate, mirror, log }),
  };
}

function toReport({ kindBefore, state }: BreakerChange): BreakerReport {
  return {
    state,
    opened: state.kind === 'open' && kindBefore !== 'open',
    closed: state.kind === 'closed' && kindBefore === 'half_open',
  };
}

import { failWith } from '@nightshift/domain';
import {
  type BreakerReport,
  type Breakers,
  type CheckedBreakerOptions,
  checkBreakerOptions,
  countsAsOutage,
  createLocalBreakers,
  toBreakerLevel,
  toOpenMs,
} from '@nightshift/resilience';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Redis } from 'ioredis';
import { BREAKER_FIELDS, shiftBreakerState, toBreakerState } from './breaker-fields.ts';
import { createBreakerKeys } from './breaker-keys.ts';
import { type BreakerAdmission, type BreakerChange, createBreakerScripts } from './breaker-scripts.ts';
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

/** What a breaker gets whose result this process reports without having asked first. */
const UNCONFIGURED: CheckedBreakerOptions = checkBreakerOptions({ failureThreshold: 5, openMs: 60_000 });

/**
 * Breakers shared by the fleet (ARCHITECTURE.md 14). Redis holds the state and its clock rules; while Redis is away, each
 * process goes on from the state it last saw. No call waits longer than REDIS_DEADLINE_MS for Redis, and none rejects for
 * it, except `force`: an operator must not believe that the fleet obeyed when one process did.
 */
export function createSharedBreakers(deps: SharedBreakersDeps): Breakers {
  const { redis, log } = deps;
  const now = deps.now ?? Date.now;
  const local = createLocalBreakers({ now });
  const scripts = createBreakerScripts(redis, deps.now);
  const keys = createBreakerKeys(deps.prefix);
  const gate = createRedisGate({ log, now });
  const options = new Map<string, CheckedBreakerOptions>();

  function observe(key: string, seen: Pick<BreakerChange, 'nowMs' | 'state'>): void {
    local.adopt(key, shiftBreakerState(seen.state, now() - seen.nowMs), options.get(key) ?? UNCONFIGURED);
    deps.metrics.breakerState.set({ key }, toBreakerLevel(seen.state));
  }

  async function admit(key: string, checked: CheckedBreakerOptions): Promise<BreakerAdmission> {
    const admission = await scripts.admit(keys.breaker(key), checked);
    if (admission.created) await redis.sadd(keys.index, key);
    return admission;
  }

  /** Makes a transition in Redis, or the same one in this process. */
  async function report(
    key: string,
    change: (name: string) => Promise<BreakerChange>,
    fallback: () => Promise<BreakerReport>,
  ): Promise<BreakerReport> {
    const changed = await gate.ask(() => change(keys.breaker(key)));
    const outcome = changed ? toReport(changed) : await fallback();
    if (changed) observe(key, changed);
    else deps.metrics.breakerState.set({ key }, toBreakerLevel(outcome.state));
    if (outcome.opened) log.warn({ breaker: key, state: outcome.state }, 'breaker opened');
    if (outcome.closed) log.info({ breaker: key }, 'breaker closed');
    return outcome;
  }

  function release(key: string, token: string): Promise<BreakerReport> {
    return report(
      key,
      (name) => scripts.release(name, token),
      () => local.released(key, token),
    );
  }

  /** An ordinary call that says nothing about the service changes nothing, and needs no round trip for it. */
  async function leave(key: string): Promise<BreakerReport> {
    return { state: await local.state(key), opened: false, closed: false };
  }

  return {
    async before(key, given) {
      const checked = checkBreakerOptions(given);
      options.set(key, checked);
      const admission = await gate.ask(() => admit(key, checked));
      if (!admission) return local.before(key, checked);
      observe(key, admission);
      return admission.verdict;
    },
    succeeded: (key, token) =>
      report(
        key,
        (name) => scripts.succeed(name, token),
        () => local.succeeded(key, token),
      ),
    async failed(key, failure, token) {
      if (!countsAsOutage(failure)) return token === undefined ? leave(key) : release(key, token);
      const checked = options.get(key) ?? UNCONFIGURED;
      const trip = { threshold: checked.failureThreshold, openMs: toOpenMs(failure, checked) };
      return report(
        key,
        (name) => scripts.fail(name, token, trip),
        () => local.failed(key, failure, token),
      );
    },
    released: (key, token) => (token === undefined ? leave(key) : release(key, token)),
    async state(key) {
      const fields = await gate.ask(() => redis.hmget(keys.breaker(key), ...BREAKER_FIELDS));
      return fields ? toBreakerState(fields) : local.state(key);
    },
    async list() {
      return (await gate.ask(() => listShared(redis, keys))) ?? local.list();
    },
    async force(key, to) {
      const changed = await gate.ask(async () => {
        await redis.sadd(keys.index, key);
        return scripts.force(keys.breaker(key), to);
      });
      if (!changed) throw failWith('storage_unavailable', `Redis is away: the breaker "${key}" was not changed.`);
      observe(key, changed);
      log.warn({ breaker: key, state: changed.state }, 'breaker changed by an operator');
      return changed.state;
    },
  };
}

function toReport({ kindBefore, state }: BreakerChange): BreakerReport {
  return {
    state,
    opened: state.kind === 'open' && kindBefore !== 'open',
    closed: state.kind === 'closed' && kindBefore === 'half_open',
  };
}

/** A breaker that was forgotten after a long silence leaves the index too. */
async function listShared(redis: Redis, keys: ReturnType<typeof createBreakerKeys>) {
  const names = (await redis.smembers(keys.index)).sort();
  const states = await Promise.all(names.map((key) => redis.hmget(keys.breaker(key), ...BREAKER_FIELDS)));
  const listed = names.map((key, index) => ({ key, fields: states[index] }));
  const gone = listed.filter(({ fields }) => !fields || fields[0] === null).map(({ key }) => key);
  if (gone.length > 0) await redis.srem(keys.index, ...gone);
  return listed
    .filter(({ key }) => !gone.includes(key))
    .map(({ key, fields }) => ({ key, state: toBreakerState(fields ?? []) }));
}

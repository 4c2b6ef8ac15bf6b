import { failWith } from '@nightshift/domain';
import type { BreakerState, Breakers } from '@nightshift/resilience';
import type { Logger } from '@nightshift/telemetry';
import type { Redis } from 'ioredis';
import { BREAKER_FIELDS, toBreakerState } from './breaker-fields.ts';
import type { BreakerKeys } from './breaker-keys.ts';
import type { BreakerMirror } from './breaker-mirror.ts';
import type { BreakerScripts } from './breaker-scripts.ts';
import type { RedisGate } from './redis-gate.ts';

export interface BreakerDeskDeps {
  redis: Redis;
  keys: BreakerKeys;
  scripts: BreakerScripts;
  gate: RedisGate;
  mirror: BreakerMirror;
  log: Logger;
}

/** What an operator does with breakers: look at one or all, force one. */
export function createBreakerDesk(deps: BreakerDeskDeps): Pick<Breakers, 'state' | 'list' | 'force'> {
  const { redis, keys, scripts, gate, mirror, log } = deps;
  return {
    async state(key) {
      const fields = await gate.ask(() => redis.hmget(keys.breaker(key), ...BREAKER_FIELDS));
      return fields ? toBreakerState(fields) : mirror.local.state(key);
    },
    async list() {
      return (await gate.ask(() => listShared(redis, keys))) ?? mirror.local.list();
    },
    async force(key, to) {
      const changed = await gate.ask(async () => {
        await redis.sadd(keys.index, key);
        return scripts.force(keys.breaker(key), to);
      });
      if (!changed) throw failWith('storage_unavailable', `Redis is away: the breaker "${key}" was not changed.`);
      mirror.observe(key, changed);
      log.warn({ breaker: key, state: changed.state }, 'breaker changed by an operator');
      return changed.state;
    },
  };
}

/** A breaker that was forgotten after a long silence leaves the index too. */
async function listShared(redis: Redis, keys: BreakerKeys): Promise<{ key: string; state: BreakerState }[]> {
  const names = (await redis.smembers(keys.index)).sort();
  const listed = await Promise.all(
    names.map(async (key) => ({ key, fields: await redis.hmget(keys.breaker(key), ...BREAKER_FIELDS) })),
  );
  const gone = listed.filter(({ fields }) => fields[0] === null).map(({ key }) => key);
  if (gone.length > 0) await redis.srem(keys.index, ...gone);
  return listed
    .filter(({ fields }) => fields[0] !== null)
    .map(({ key, fields }) => ({ key, state: toBreakerState(fields) }));
}

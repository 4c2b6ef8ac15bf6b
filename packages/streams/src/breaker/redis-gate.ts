import { messageOf } from '@nightshift/domain';
import { withTimeout } from '@nightshift/resilience';
import type { Logger } from '@nightshift/telemetry';

/** A breaker that makes its caller wait is worse than one that knows only this process. */
export const REDIS_DEADLINE_MS = 200;

/** After a failure Redis is left alone for this long, so that an outage does not cost every call the deadline. */
export const REDIS_PAUSE_MS = 1_000;

/** Asks Redis, within a deadline, unless it has just failed. */
export interface RedisGate {
  /** The answer, or undefined when Redis is away. Never rejects. */
  ask<T>(fn: () => Promise<T>): Promise<T | undefined>;
}

export function createRedisGate(deps: { log: Logger; now: () => number }): RedisGate {
  let pausedUntil = 0;
  let away = false;
  return {
    async ask(fn) {
      if (deps.now() < pausedUntil) return undefined;
      try {
        const answer = await withTimeout(fn, { timeoutMs: REDIS_DEADLINE_MS, what: 'Redis' });
        if (away) deps.log.info('breakers are shared again');
        away = false;
        return answer;
      } catch (error) {
        if (!away) deps.log.warn({ error: messageOf(error) }, 'Redis is away: breakers are per process for now');
        away = true;
        pausedUntil = deps.now() + REDIS_PAUSE_MS;
        return undefined;
      }
    },
  };
}

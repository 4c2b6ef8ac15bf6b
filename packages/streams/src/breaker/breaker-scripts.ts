import { InvariantError } from '@nightshift/domain';
import type { BreakerState, BreakerVerdict, CheckedBreakerOptions } from '@nightshift/resilience';
import type { Redis } from 'ioredis';
import { loadLuaScript } from '../lua-script.ts';
import { toBreakerState } from './breaker-fields.ts';

/** A breaker nobody touches for this long is forgotten: closed with nothing counted, like a new one. */
const IDLE_TTL_MS = 7 * 24 * 60 * 60_000;

/** What a script saw and left behind; `nowMs` is the clock of Redis. */
export interface BreakerChange {
  readonly kindBefore: BreakerState['kind'];
  readonly nowMs: number;
  readonly state: BreakerState;
}

export interface BreakerAdmission {
  readonly verdict: BreakerVerdict;
  readonly created: boolean;
  readonly nowMs: number;
  readonly state: BreakerState;
}

/** The transitions of a breaker in Redis, one script each. They reject when Redis does. */
export interface BreakerScripts {
  admit(name: string, options: CheckedBreakerOptions): Promise<BreakerAdmission>;
  succeed(name: string, token: string | undefined): Promise<BreakerChange>;
  fail(name: string, token: string | undefined, trip: { threshold: number; openMs: number }): Promise<BreakerChange>;
  release(name: string, token: string): Promise<BreakerChange>;
  force(name: string, to: 'open' | 'closed' | null): Promise<BreakerChange>;
}

/** Loads the scripts. `now` replaces the clock of Redis (tests only: a fleet has one clock, and it is Redis's). */
export function createBreakerScripts(redis: Redis, now?: () => number): BreakerScripts {
  const admit = loadLuaScript('admit-breaker');
  const succeed = loadLuaScript('succeed-breaker');
  const fail = loadLuaScript('fail-breaker');
  const release = loadLuaScript('release-breaker');
  const force = loadLuaScript('force-breaker');
  const time = () => now?.() ?? '';
  return {
    async admit(name, { openMs, probeLeaseMs }) {
      return toAdmission(await admit.call(redis, [name], [openMs, probeLeaseMs, IDLE_TTL_MS, time()]));
    },
    async succeed(name, token) {
      return toChange(await succeed.call(redis, [name], [token ?? '', IDLE_TTL_MS, time()]));
    },
    async fail(name, token, { threshold, openMs }) {
      return toChange(await fail.call(redis, [name], [token ?? '', threshold, openMs, IDLE_TTL_MS, time()]));
    },
    async release(name, token) {
      return toChange(await release.call(redis, [name], [token, time()]));
    },
    async force(name, to) {
      return toChange(await force.call(redis, [name], [to ?? '', IDLE_TTL_MS, time()]));
    },
  };
}

function toAdmission(reply: unknown): BreakerAdmission {
  if (!Array.isArray(reply)) throw new InvariantError(`admit-breaker answered ${JSON.stringify(reply)}`);
  const [verdict, waitMs, created, nowMs, fields] = reply;
  const state = toBreakerState(fields);
  return {
    verdict: toVerdict(verdict, Number(waitMs), state),
    created: created === '1',
    nowMs: Number(nowMs),
    state,
  };
}

function toVerdict(verdict: unknown, retryAfterMs: number, state: BreakerState): BreakerVerdict {
  if (verdict === 'refused') return { kind: 'refused', retryAfterMs, state };
  if (verdict === 'probe' && state.kind === 'half_open') {
    return { kind: 'pass', probe: true, token: String(state.probeBy) };
  }
  return { kind: 'pass', probe: false };
}

function toChange(reply: unknown): BreakerChange {
  if (!Array.isArray(reply)) throw new InvariantError(`a breaker script answered ${JSON.stringify(reply)}`);
  const [kindBefore, nowMs, fields] = reply;
  return { kindBefore, nowMs: Number(nowMs), state: toBreakerState(fields) };
}

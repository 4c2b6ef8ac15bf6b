/**
 * Names of the breakers in Redis. `{breaker:<key>}` is the hash tag: one breaker, one slot.
 *
 * | name | kind | holds |
 * |---|---|---|
 * | `<prefix>:{breaker:<key>}` | hash | kind, failures, opened_at, open_ms, probe_by, forced_to |
 * | `<prefix>:breakers` | set | keys of the breakers, so that an operator can list them |
 */
export interface BreakerKeys {
  breaker(key: string): string;
  index: string;
}

export function createBreakerKeys(prefix: string): BreakerKeys {
  return { breaker: (key) => `${prefix}:{breaker:${key}}`, index: `${prefix}:breakers` };
}

/**
 * What a new epoch may do with a tool call whose intent is in the journal without a result (AGENTS-AND-TOOLS.md).
 * pure: read-only, runs again. keyed: the callee honours our idempotency key, runs again with the same key.
 * unsafe: never runs again by itself; its outcome is reported as unknown.
 */
export const EFFECT_CLASSES = ['pure', 'keyed', 'unsafe'] as const;
export type EffectClass = (typeof EFFECT_CLASSES)[number];

export function mayRunAgain(effectClass: EffectClass): boolean {
  return effectClass !== 'unsafe';
}

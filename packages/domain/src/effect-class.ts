import { assertNever } from './assert.ts';

/**
 * What a new epoch may do with a tool call whose intent is in the journal without a result (AGENTS-AND-TOOLS.md), the
 * safest class first.
 * pure: read-only, runs again. transaction: writes only to our Postgres, in one transaction with its journaled result, so
 * that a call without a result wrote nothing: runs again. keyed: the callee honours our idempotency key, runs again with
 * the same key. verifiable: the tool can find out by the key whether it happened. unsafe: never runs again by itself; its
 * outcome is reported as unknown.
 */
export const EFFECT_CLASSES = ['pure', 'transaction', 'keyed', 'verifiable', 'unsafe'] as const;
export type EffectClass = (typeof EFFECT_CLASSES)[number];

/** Whether a call of this class may be repeated without asking anybody what became of it. */
export function mayRunAgain(effectClass: EffectClass): boolean {
  switch (effectClass) {
    case 'pure':
    case 'transaction':
    case 'keyed':
      return true;
    case 'verifiable':
    case 'unsafe':
      return false;
    default:
      return assertNever(effectClass, 'effect class');
  }
}

import type { ReceivedFrame } from '../../support/event-stream.ts';
import type { EffectCall } from '../agents/effect-server.ts';

/** Clocks of one machine, a few processes: an effect is later than its settlement only beyond this. */
const SLACK_MS = 250;

export interface EffectCounts {
  effects: number;
  /** Calls whose effect was had more than once; their class allows it. */
  repeatedCalls: number;
  /** Effects of calls that were settled already: only a process that was stopped in between may have one (I6). */
  lateEffects: number;
}

/**
 * Compares the effects that the world outside saw with what clients were told: an unsafe call has at most one, a call that
 * completed has one, a call keeps its idempotency key over all epochs, no two calls share one (I7, I8).
 */
export function checkEffects(
  effects: readonly EffectCall[],
  transcripts: ReadonlyMap<string, readonly ReceivedFrame[]>,
): { problems: string[]; counts: EffectCounts } {
  const problems: string[] = [];
  const counts: EffectCounts = { effects: effects.length, repeatedCalls: 0, lateEffects: 0 };
  const byCall = groupByCall(effects);
  const ownerOfKey = new Map<string, string>();
  for (const [call, calls] of byCall) {
    const keys = new Set(calls.map((effect) => effect.idempotencyKey));
    if (keys.size > 1) problems.push(`${call}: ${keys.size} idempotency keys for one call`);
    for (const key of keys) {
      const owner = ownerOfKey.get(key);
      if (owner !== undefined && owner !== call) problems.push(`${call}: has the idempotency key of ${owner}`);
      ownerOfKey.set(key, call);
    }
    const tool = calls[0]?.tool ?? '';
    if (calls.length > 1) counts.repeatedCalls += 1;
    if (calls.length > 1 && tool === 'effect_unsafe') problems.push(`${call}: unsafe, and done ${calls.length} times`);
  }
  for (const [taskId, frames] of transcripts) {
    for (const frame of frames) {
      const { tool, tool_use_id: id } = frame.data.data ?? {};
      if (!/^tool\.(?:completed|failed)$/.test(frame.type) || !String(tool).startsWith('effect_')) continue;
      const calls = byCall.get(`${taskId} ${id}`) ?? [];
      if (frame.type === 'tool.completed' && calls.length === 0)
        problems.push(`${taskId} ${id}: completed, never done`);
      const settledAt = Date.parse(frame.data.created_at ?? '');
      counts.lateEffects += calls.filter((effect) => effect.atMs > settledAt + SLACK_MS).length;
    }
  }
  return { problems, counts };
}

function groupByCall(effects: readonly EffectCall[]): Map<string, EffectCall[]> {
  const byCall = new Map<string, EffectCall[]>();
  for (const effect of effects) {
    const call = `${effect.taskId} ${effect.toolUseId}`;
    byCall.set(call, [...(byCall.get(call) ?? []), effect]);
  }
  return byCall;
}

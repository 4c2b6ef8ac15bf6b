import type { EffectCall } from '../agents/effect-server.ts';

/**
 * A call whose tool can find out what became of it has one effect at most, whoever died in between (I8). Not so after a
 * freeze: a process that goes on may finish what its successor found missing.
 */
export function checkVerifiedEffects(effects: readonly EffectCall[]): string[] {
  const counts = new Map<string, number>();
  for (const { tool, taskId, toolUseId } of effects) {
    const call = `${taskId} ${toolUseId}`;
    if (tool === 'effect_verifiable') counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return [...counts].flatMap(([call, count]) => (count > 1 ? [`${call}: verifiable, and done ${count} times`] : []));
}

import { FailureError } from '@nightshift/domain';
import { estimateMessageTokens, type ModelMessage } from '@nightshift/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitContext } from './fit-context.ts';
import type { TurnGroup } from './turn-groups.ts';

function toGroup(turn: number, note: string, results: readonly string[]): TurnGroup {
  const calls = results.map((_, n) => ({ type: 'tool_use', id: `c${turn}-${n}`, name: 'act', input: { n } }));
  return {
    turn,
    messages: [
      { role: 'assistant', content: [{ type: 'text', text: `${note} of turn ${turn}` }, ...calls] },
      {
        role: 'user',
        content: results.map((text, n) => ({
          type: 'tool_result',
          tool_use_id: `c${turn}-${n}`,
          content: [{ type: 'text', text }],
        })),
      },
    ],
  };
}

const anyGroups = fc
  .array(
    fc.record({
      note: fc.string({ maxLength: 400 }),
      results: fc.array(
        fc
          .tuple(fc.nat(12_000), fc.constantFrom('a', '1', '.', '漢', '🎈'))
          .map(([length, char]) => char.repeat(length + 1)),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    { maxLength: 14 },
  )
  .map((turns) => turns.map(({ note, results }, index) => toGroup(index + 1, note, results)));

function costOf(messages: readonly ModelMessage[]): number {
  return messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0);
}

describe('fitContext', () => {
  it('never gives more than the budget, keeps pairs together, the prompt and the last turn, or says that it cannot', () => {
    let fitted = 0;
    fc.assert(
      fc.property(
        anyGroups,
        fc.integer({ min: 500, max: 30_000 }),
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        (groups, budgetTokens, calibration) => {
          const options = { prompt: 'Do it.', groups, budgetTokens, calibration };
          try {
            const context = fitContext(options);
            fitted++;
            expect(costOf(context.messages) * calibration).toBeLessThanOrEqual(budgetTokens);
            expect(context).toEqual(fitContext(options));
            checkHistory(context.messages, groups.at(-1));
            expect(context.prunedTurns).toEqual(groups.slice(0, context.prunedTurns.length).map((group) => group.turn));
          } catch (error) {
            if (!(error instanceof FailureError)) throw error;
            expect(error.failure.code).toBe('context_exhausted');
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(fitted).toBeGreaterThan(50);
  });

  it('changes nothing that fits', () => {
    const groups = [toGroup(1, 'note', ['x'.repeat(2_000)]), toGroup(2, 'note', ['y'])];
    const context = fitContext({ prompt: 'Do it.', groups, budgetTokens: 5_000, calibration: 1 });
    expect(context.messages.slice(1)).toEqual(groups.flatMap((group) => group.messages));
    expect(context).toMatchObject({ truncatedCount: 0, prunedTurns: [] });
  });

  it('truncates the oldest results first, and leaves the latest turns whole as long as that helps', () => {
    const groups = Array.from({ length: 6 }, (_, n) => toGroup(n + 1, 'note', ['word '.repeat(1_000)]));
    const whole = costOf(groups.flatMap((group) => group.messages));
    const context = fitContext({ prompt: 'Do it.', groups, budgetTokens: Math.floor(whole * 0.75), calibration: 1 });
    const texts = context.messages
      .filter((m) => m.role === 'user')
      .slice(1)
      .map((m) => JSON.stringify(m));
    expect(texts.map((text) => text.includes('[truncated: 4400 characters'))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(context).toMatchObject({ truncatedCount: 2, prunedTurns: [] });
  });

  it('leaves out old turns before it cuts the results of the latest ones', () => {
    const short = Array.from({ length: 10 }, (_, n) => toGroup(n + 1, 'note', Array(4).fill('short '.repeat(200))));
    const latest = Array.from({ length: 3 }, (_, n) => toGroup(n + 11, 'note', ['word '.repeat(1_000)]));
    const budgetTokens = Math.floor(costOf(latest.flatMap((group) => group.messages)) * 1.6);
    const context = fitContext({ prompt: 'Do it.', groups: [...short, ...latest], budgetTokens, calibration: 1 });
    expect(context.prunedTurns.length).toBeGreaterThan(0);
    expect(context.truncatedCount).toBe(0);
  });

  it('keeps what the model wrote in turns that are left out, the newest first', () => {
    const groups = Array.from({ length: 40 }, (_, n) =>
      toGroup(n + 1, 'n'.repeat(100), Array(6).fill('short '.repeat(100))),
    );
    const context = fitContext({ prompt: 'Do it.', groups, budgetTokens: 5_000, calibration: 1 });
    const notes = JSON.stringify(context.messages[1]);
    const newest = context.prunedTurns.at(-1);
    expect(notes).toContain(`of turn ${newest}"`);
    expect(notes).not.toContain('of turn 1"');
    expect(JSON.stringify(context.messages[2])).toContain(`[pruned: ${context.prunedTurns.length} earlier turns`);
  });

  it('goes down to the last turn before it gives up', () => {
    const groups = Array.from({ length: 4 }, (_, n) => toGroup(n + 1, 'note', Array(20).fill('z'.repeat(1_400))));
    const one = costOf(groups.at(-1)?.messages ?? []);
    const context = fitContext({ prompt: 'Do it.', groups, budgetTokens: Math.floor(one * 1.5), calibration: 1 });
    expect(context.prunedTurns).toEqual([1, 2, 3]);
  });
});

function checkHistory(messages: readonly ModelMessage[], last: TurnGroup | undefined): void {
  expect(messages[0]).toEqual({ role: 'user', content: [{ type: 'text', text: 'Do it.' }] });
  for (const [index, message] of messages.entries()) {
    expect(message.role).toBe(index % 2 === 0 ? 'user' : 'assistant');
    if (message.role === 'user') continue;
    const calls = message.content.filter((block) => block.type === 'tool_use').map((block) => block.id);
    const results = (messages[index + 1]?.content ?? []).filter((block) => block.type === 'tool_result');
    expect(results.map((block) => block.tool_use_id)).toEqual(calls);
    for (const result of results) expect(JSON.stringify(result).isWellFormed()).toBe(true);
  }
  if (last) expect(messages.at(-2)).toEqual(last.messages[0]);
}

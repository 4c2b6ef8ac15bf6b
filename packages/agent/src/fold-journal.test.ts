import { createId } from '@nightshift/domain';
import type { JournaledStep, StepStatus } from '@nightshift/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldJournal, mergeRoles, toTurnMessages } from './fold-journal.ts';
import { toTurnGroups } from './turn-groups.ts';
import type { TurnRecord } from './turn-record.ts';

const STOP_REASONS = ['tool_use', 'tool_use', 'tool_use', 'pause_turn', 'end_turn', 'max_tokens'] as const;

function toStep(
  step: Partial<JournaledStep> & Pick<JournaledStep, 'stepKey' | 'turn' | 'kind' | 'status'>,
): JournaledStep {
  const usage = step.kind === 'turn' ? { turns: 1, input_tokens: 10 } : { tool_calls: 1 };
  return {
    id: createId('step'),
    run: 1,
    position: 0,
    name: 'x',
    attempts: 1,
    epoch: 1,
    startedAt: new Date(0),
    finishedAt: undefined,
    ...(step.status === 'intent' ? {} : { usage }),
    ...step,
  };
}

function toTurnStep(turn: number, record: Partial<TurnRecord> & Pick<TurnRecord, 'blocks'>, run = 1): JournaledStep {
  const content = JSON.stringify({ model: 'm', stop_reason: 'tool_use', ...record });
  return toStep({ stepKey: `t${turn}`, turn, kind: 'turn', status: 'done', content, run });
}

function toToolStep(turn: number, id: string, status: StepStatus, text = id, run = 1): JournaledStep {
  const content = JSON.stringify({ content: [{ type: 'text', text }], is_error: false });
  return toStep({
    stepKey: `t${turn}:${id}`,
    turn,
    kind: 'tool',
    status,
    run,
    ...(status === 'intent' ? {} : { content }),
  });
}

/** Journals as they may be found after any sequence of crashes, stops and replays: rows in any order within a turn. */
const anyJournal = fc
  .array(
    fc.record({
      stop_reason: fc.constantFrom(...STOP_REASONS),
      text: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      calls: fc.array(fc.constantFrom<StepStatus | 'missing'>('done', 'unknown', 'intent', 'void', 'missing'), {
        maxLength: 5,
      }),
      feedback: fc.boolean(),
      discarded: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  .map((turns) =>
    turns.flatMap(({ stop_reason, text, calls, feedback, discarded }, index) => {
      const turn = index + 1;
      const blocks = [
        ...(text === undefined ? [] : [{ type: 'text', text }]),
        ...calls.map((_, n) => ({ type: 'tool_use', id: `c${turn}-${n}`, name: 'act', input: { n } })),
      ];
      const record = { stop_reason, blocks, ...(feedback && calls.length === 0 ? { feedback: 'again' } : {}) };
      return [
        ...(discarded ? [toStep({ stepKey: `t${turn}~1`, turn, kind: 'turn', status: 'void' })] : []),
        toTurnStep(turn, record),
        ...calls.flatMap((status, n) => (status === 'missing' ? [] : [toToolStep(turn, `c${turn}-${n}`, status)])),
      ];
    }),
  );

const anyOrder = anyJournal.chain((steps) =>
  fc
    .shuffledSubarray(steps, { minLength: steps.length, maxLength: steps.length })
    .map((shuffled) => ({ steps, shuffled })),
);

describe('foldJournal', () => {
  it('gives a history in which every tool call has exactly one result, next to it and in order', () => {
    fc.assert(
      fc.property(anyJournal, (steps) => {
        const { turns } = foldJournal('Go.', steps);
        const messages = mergeRoles([
          { role: 'user', content: [{ type: 'text', text: 'Go.' }] },
          ...turns.flatMap(toTurnMessages),
        ]);
        for (const [index, message] of messages.entries()) {
          expect(message.role).toBe(index % 2 === 0 ? 'user' : 'assistant');
          expect(message.content.length).toBeGreaterThan(0);
          if (message.role === 'user') continue;
          const calls = message.content.filter((block) => block.type === 'tool_use').map((block) => block.id);
          const results = (messages[index + 1]?.content ?? []).filter((block) => block.type === 'tool_result');
          expect(results.map((block) => block.tool_use_id)).toEqual(calls);
        }
      }),
    );
  });

  it('reads rows in any order to the same end, and counts every row once', () => {
    fc.assert(
      fc.property(anyOrder, ({ steps, shuffled }) => {
        const folded = foldJournal('Go.', shuffled);
        expect(folded).toEqual(foldJournal('Go.', steps));
        expect(folded.usage.turns).toBe(steps.filter((step) => step.kind === 'turn').length);
        expect(folded.discardedReplies).toBe(steps.filter((step) => step.stepKey.includes('~')).length);
      }),
    );
  });

  it('goes on from every prefix: what was settled stays as it was', () => {
    fc.assert(
      fc.property(anyJournal, fc.nat(), (steps, at) => {
        const prefix = foldJournal('Go.', steps.slice(0, at % (steps.length + 1)));
        const whole = foldJournal('Go.', steps);
        for (const [index, turn] of prefix.turns.entries()) {
          expect(whole.turns[index]?.record).toEqual(turn.record);
          for (const [id, step] of turn.tools) expect(whole.turns[index]?.tools.get(id)).toEqual(step);
        }
      }),
    );
  });

  it('never replaces a settled step by a later row, and an unsettled one by the row of a later run', () => {
    const turn = toTurnStep(1, { blocks: ['a', 'b'].map((id) => ({ type: 'tool_use', id, name: 'act', input: {} })) });
    const { turns } = foldJournal('Go.', [
      turn,
      toToolStep(1, 'a', 'done', 'first', 1),
      toToolStep(1, 'a', 'intent', '', 2),
      toToolStep(1, 'b', 'void', 'failed', 1),
      toToolStep(1, 'b', 'done', 'second', 2),
    ]);
    expect(turns[0]?.tools.get('a')).toMatchObject({ status: 'done', run: 1 });
    expect(turns[0]?.tools.get('b')).toMatchObject({ status: 'done', run: 2 });
  });
});

describe('toTurnGroups', () => {
  it('keeps a paused turn with the one that continues it', () => {
    const say = (text: string) => [{ type: 'text', text }];
    const { turns } = foldJournal('Go.', [
      toTurnStep(1, { blocks: say('a'), stop_reason: 'pause_turn' }),
      toTurnStep(2, { blocks: say('b'), stop_reason: 'pause_turn' }),
      toTurnStep(3, { blocks: say('c'), stop_reason: 'end_turn', feedback: 'more' }),
      toTurnStep(4, { blocks: say('d'), stop_reason: 'end_turn' }),
    ]);
    expect(toTurnGroups({ turns, signals: [] }).map((group) => [group.turn, group.messages.length])).toEqual([
      [1, 4],
      [4, 1],
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { judgeResult } from './judge-result.ts';
import type { TaskStatus } from './task-view.ts';

function judge(status: TaskStatus, more: { code?: string; message?: string; result?: unknown } = {}) {
  const failure = more.code === undefined ? undefined : { code: more.code, message: more.message ?? '' };
  return judgeResult({ id: 'task_1', customId: 'a', status, result: more.result, failure, audioId: undefined });
}

describe('judgeResult', () => {
  it('tells a document that cannot be worked on from everything else that goes wrong', () => {
    expect(judge('completed', { result: { title: 'x', pages_read: 3 } })).toEqual({ kind: 'done' });
    expect(judge('completed', { result: { pages_read: 0, summary: ['It is damaged.'] } })).toEqual({
      kind: 'document',
      reason: 'It is damaged.',
    });
    expect(judge('failed', { code: 'document_encrypted', message: 'It needs a password.' })).toEqual({
      kind: 'document',
      reason: 'It needs a password.',
    });
    expect(judge('failed', { code: 'tool_rejected' })).toEqual({ kind: 'document', reason: 'tool_rejected' });
    expect(judge('failed', { code: 'model_timeout', message: 'It took too long.' })).toEqual({
      kind: 'other',
      reason: 'It took too long.',
    });
    expect(judge('failed').kind).toBe('other');
    expect(judge('cancelled').kind).toBe('other');
    expect(judge('expired').kind).toBe('other');
  });

  it('takes a result of any shape that a model may give', () => {
    for (const result of [undefined, null, 'text', '{"title":"x"}', 7, [], { amounts: 'none', names: [1, {}] }]) {
      expect(judge('completed', { result })).toEqual({ kind: 'done' });
    }
  });
});

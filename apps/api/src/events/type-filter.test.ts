import { describe, expect, it } from 'vitest';
import { parseTypeFilter } from './type-filter.ts';

describe('parseTypeFilter', () => {
  it('lets everything pass when nothing is asked for', () => {
    expect(parseTypeFilter(undefined)).toBeUndefined();
    expect(parseTypeFilter('')).toBeUndefined();
    expect(parseTypeFilter('*')).toBeUndefined();
  });

  it('matches families and exact types', () => {
    const filter = parseTypeFilter('task.*, tool.completed');
    expect(['task.queued', 'tool.completed', 'tool.started', 'tasks.x'].map((type) => filter?.(type))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['a family without a star', 'task'],
    ['two stars', 'task.**'],
    ['no family', '.*'],
    ['what is not a type', 'task.*;'],
    ['a long text', 'x'.repeat(20_000)],
    ['too many', Array(51).fill('a.b').join()],
  ])('refuses %s', (_name, text) => {
    expect(() => parseTypeFilter(text)).toThrow('invalid_request');
  });
});

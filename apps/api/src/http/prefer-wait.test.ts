import { describe, expect, it } from 'vitest';
import { preferredWaitSeconds } from './prefer-wait.ts';

describe('preferredWaitSeconds', () => {
  it.each([
    ['wait=10', 10],
    ['respond-async, wait=5', 5],
    ['WAIT = "7"', 7],
    ['wait=5;x=1, return=minimal', 5],
    ['wait=600', 60],
    ['wait=', undefined],
    ['await=5', undefined],
    ['wait=-5', undefined],
    [undefined, undefined],
  ])('reads %j as %j', (header, seconds) => {
    expect(preferredWaitSeconds(header)).toBe(seconds);
  });
});

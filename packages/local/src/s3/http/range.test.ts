import { describe, expect, it } from 'vitest';
import { decideRange } from './range.ts';

const part = (start: number, end: number) => ({ kind: 'part', range: { start, end } });

describe('decideRange', () => {
  it.each([
    [undefined, 10, { kind: 'whole' }],
    ['bytes=0-0', 10, part(0, 0)],
    ['bytes=0-', 10, part(0, 9)],
    ['bytes=9-20', 10, part(9, 9)],
    ['bytes=-1', 10, part(9, 9)],
    ['bytes=-11', 10, part(0, 9)],
    ['bytes=10-', 10, { kind: 'unsatisfiable' }],
    ['bytes=-0', 10, { kind: 'unsatisfiable' }],
    ['bytes=0-', 0, { kind: 'unsatisfiable' }],
    ['bytes=-1', 0, { kind: 'unsatisfiable' }],
    ['bytes=3-2', 10, { kind: 'whole' }],
    ['bytes=-', 10, { kind: 'whole' }],
    ['bytes=0-1,3-4', 10, { kind: 'whole' }],
    ['items=0-1', 10, { kind: 'whole' }],
    ['bytes=a-b', 10, { kind: 'whole' }],
  ])('decideRange answers %s of %i bytes', (header, sizeBytes, expected) => {
    expect(decideRange(header, sizeBytes)).toEqual(expected);
  });
});

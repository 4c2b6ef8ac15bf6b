import { describe, expect, it } from 'vitest';
import { Probation } from './probation.ts';

const countSteps = (probation: Probation) => {
  for (let steps = 1; steps <= 100; steps++) if (probation.noteStep()) return steps;
  return undefined;
};

describe('Probation', () => {
  it('is over from the start for a task that nothing is held against', () => {
    const probation = new Probation({ isolated: false, suspicion: 0, guilt: 0, deaths: 0 });
    expect(probation.isOver).toBe(true);
    expect(countSteps(probation)).toBeUndefined();
  });

  it.each([
    [1, 2],
    [2, 4],
    [5, 32],
  ])('lasts after %i deaths for %i steps, and clears once', (deaths, steps) => {
    const probation = new Probation({ isolated: true, suspicion: 1, guilt: 0, deaths });
    expect(countSteps(probation)).toBe(steps);
    expect(probation.isOver).toBe(true);
    expect(probation.noteStep()).toBe(false);
  });

  it('never ends for a task that is guilty of a death', () => {
    const probation = new Probation({ isolated: true, suspicion: 1, guilt: 1, deaths: 2 });
    expect(countSteps(probation)).toBeUndefined();
    expect(probation.isOver).toBe(false);
  });
});

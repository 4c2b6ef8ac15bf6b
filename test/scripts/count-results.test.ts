import { describe, expect, it } from 'vitest';
import { countResults, describeCounts } from '../../scripts/count-results.mjs';

function fileOf(status: string, ...tests: string[]) {
  return { status, assertionResults: tests.map((each) => ({ status: each })) };
}

describe('countResults', () => {
  it('counts tests by how they ended', () => {
    const report = {
      testResults: [fileOf('passed', 'passed', 'pending'), fileOf('failed', 'passed', 'failed', 'todo')],
    };
    expect(countResults(report, false)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  it('counts a file that could not be loaded as one failed test', () => {
    const report = { testResults: [fileOf('passed', 'passed'), fileOf('failed')] };
    expect(countResults(report, false)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('counts a failure when the runner failed although every test passed', () => {
    expect(countResults({ testResults: [fileOf('passed', 'passed')] }, false)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  it.each([undefined, null, {}, { testResults: 'none' }])('counts a failure without a usable report: %j', (report) => {
    expect(countResults(report, false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('describeCounts', () => {
  it('is the closing line', () => {
    expect(describeCounts({ passed: 12, failed: 0, skipped: 1 })).toBe('12 passed, 0 failed, 1 skipped');
  });
});

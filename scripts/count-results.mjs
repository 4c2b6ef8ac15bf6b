/**
 * Counts the tests of a report of vitest's JSON reporter. A file that could not be loaded counts as one failed test;
 * so does a run that failed without any failed test (an error outside of every test, no test found, no report).
 * @param {unknown} report the parsed report; undefined when there is none
 * @param {boolean} isOk whether the runner itself ended well
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function countResults(report, isOk) {
  const files = Array.isArray(report?.testResults) ? report.testResults : [];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const tests = Array.isArray(file.assertionResults) ? file.assertionResults : [];
    const failed = tests.filter((test) => test.status === 'failed').length;
    counts.passed += tests.filter((test) => test.status === 'passed').length;
    counts.skipped += tests.filter((test) => test.status !== 'passed' && test.status !== 'failed').length;
    counts.failed += failed === 0 && file.status === 'failed' ? 1 : failed;
  }
  if (!isOk && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** @param {{ passed: number, failed: number, skipped: number }} counts */
export function describeCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

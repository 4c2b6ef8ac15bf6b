import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CrashSettings } from './plan-crashes.ts';
import { ACTIONS, type BoundaryResult } from './run-boundary.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../.nightshift/faults');

/** Writes what was tried as JSON and as a page, and returns it in one line. */
export async function writeReport(run: {
  seed: number;
  settings: CrashSettings;
  results: readonly BoundaryResult[];
}): Promise<string> {
  const { seed, settings, results } = run;
  const failed = results.filter(({ violations }) => violations.length > 0);
  const reached = results.filter((result) => result.reached);
  const line = `seed ${seed}: ${results.length} crashes tried, ${reached.length} happened, ${failed.length} with violations`;
  await mkdir(FOLDER, { recursive: true });
  const plain = { ...settings, scenarios: settings.scenarios && [...settings.scenarios] };
  await writeFile(path.join(FOLDER, 'crash-points.json'), JSON.stringify({ seed, settings: plain, results }, null, 1));
  await writeFile(
    path.join(FOLDER, 'crash-points.md'),
    [`# Crash points`, '', line, '', ...toTable(results), ''].join('\n'),
  );
  return line;
}

function toTable(results: readonly BoundaryResult[]): string[] {
  const names = [...new Set(results.map(({ scenario }) => scenario))];
  const rows = names.flatMap((name) =>
    ACTIONS.map((action) => {
      const own = results.filter((result) => result.scenario === name && result.action === action);
      const happened = own.filter(({ reached }) => reached);
      const bad = own.reduce((sum, { violations }) => sum + violations.length, 0);
      const meanMs = own.reduce((sum, { tookMs }) => sum + tookMs, 0) / Math.max(1, own.length);
      return `| ${name} | ${action} | ${own.length} | ${happened.length} | ${bad} | ${Math.round(meanMs)} |`;
    }),
  );
  const violations = results.flatMap(({ scenario, boundary, action, violations: found }) =>
    found.map((text) => `- ${scenario}, ${boundary.process} ${boundary.point}@${boundary.hit}, ${action}: ${text}`),
  );
  const head = [
    '| scenario | action | tried | happened | violations | mean ms |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  return [...head, ...rows, '', ...violations];
}
